import io
import os
import subprocess
import sys
import time

import pytest

from arlarena_bench.harness.keys import END, Lines, keyboard

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX", allow_module_level=True)

import pty
import termios

READ = """
from arlarena_bench.harness.keys import keyboard
with keyboard() as source:
    print("ready", flush=True)
    for _ in range({count}):
        print(repr(source.read({{"p"}})), flush=True)
"""


def type_at_terminal(keys: list[bytes], count: int) -> tuple[list[str], bool]:
    """Return what was read on a real terminal, and whether it was left as it had been."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [sys.executable, "-c", READ.format(count=count)], stdin=theirs, stdout=theirs
    )
    shown = b""
    while b"ready" not in shown:
        shown += os.read(ours, 1024)
    for key in keys:
        os.write(ours, key)
        time.sleep(0.2)
    assert process.wait(30) == 0
    shown += os.read(ours, 4096)
    restored = termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
    words = [line.split("'")[1] for line in shown.decode().splitlines() if line.endswith("'")]
    return words, restored


def test_arrows_letters_words_and_corrections() -> None:
    keys = [b"\x1b[A", b"\x1bOD", b"p", b"u", b"x", b"\x7f", b"pp\n", b"\x04"]
    words, restored = type_at_terminal(keys, 5)
    assert words == ["up", "left", "p", "upp", END]
    assert restored


def test_what_is_typed_ahead_or_pasted_is_kept() -> None:
    words, _ = type_at_terminal([b"\x1b[A\x1b[Bpgo north\nlook\n\x1b[C"], 6)
    assert words == ["up", "down", "p", "go north", "look", "right"]


def test_a_wide_letter_is_taken_back_whole_and_other_keys_are_nothing() -> None:
    words, _ = type_at_terminal(["世界".encode(), b"\x7f", b"\x1b[5~", b"\t", b"\r"], 1)
    assert words == ["世"]


def test_without_a_terminal_a_line_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" go north \n\nq\n"))
    with keyboard() as source:
        assert isinstance(source, Lines)
        assert [source.read(()) for _ in range(4)] == ["go north", "", "q", END]
