"""Whatever becomes of verl's driver, what has started it is told in one line, and nothing stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from started_runs import gone, until
from verl_faults import session, small_disk

from arlarena_bench import ArenaError
from arlarena_bench.engines.verl.driver_process import watch

FAILS = """
print("ValueError: of another start")
try:
    raise KeyError("first")
except KeyError:
    raise RuntimeError("no such model")
"""
# Ray's processes, too, are not told by a driver that is killed.
LEAVES = """
import os, signal, subprocess, sys
sleeps = "import time; print(1, flush=True); time.sleep(99)"
helper = subprocess.Popen([sys.executable, "-c", sleeps], stdout=subprocess.PIPE)
helper.stdout.readline()
open(sys.argv[1], "w").write(f"{os.getpid()} {helper.pid}")
os.kill(os.getpid(), signal.SIGKILL)
"""
OUTLIVED = """
import sys
from pathlib import Path
from arlarena_bench.engines.verl.driver_process import watch
watch([sys.executable, "-c", sys.argv[1], sys.argv[2]], {}, Path(sys.argv[3]), lambda: None)
"""
TIED = """
import os, sys, time
from arlarena_bench.engines.verl.cpu_switch import PARENT
from arlarena_bench.tied import die_with_parent
assert os.environ[PARENT] == str(os.getppid())
die_with_parent()
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(99)
"""


def python(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


def test_the_last_error_of_this_start_is_named(tmp_path: Path) -> None:
    log = tmp_path / "verl" / "log.txt"
    told: list[int] = []
    watch(python("print('hello')"), {}, log, lambda: told.append(1))
    assert told
    with pytest.raises(ArenaError) as caught:
        watch(python(FAILS), {}, log, lambda: None)
    reason = "verl ended with code 1 (RuntimeError: no such model)"
    assert str(caught.value) == f"{reason}; its log says more: {log}; --resume goes on"
    with pytest.raises(ArenaError, match="verl ended with code 3; its log"):
        watch(python("raise SystemExit(3)"), {}, log, lambda: None)
    assert log.read_text().startswith("hello\n")


def test_what_verl_has_told_is_the_reason(tmp_path: Path) -> None:
    def failed() -> None:
        raise ArenaError("the method's filter failed")

    with pytest.raises(ArenaError, match=r"^the method's filter failed$"):
        watch(python("import time; time.sleep(99)"), {}, tmp_path / "log.txt", failed)


def test_nothing_outlives_a_driver_that_is_killed(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with pytest.raises(ArenaError, match="verl was killed by SIGKILL; its log says more"):
        watch(python(LEAVES, str(started)), {}, tmp_path / "log.txt", lambda: None)
    driver, helper = map(int, started.read_text().split())
    until(lambda: gone(helper))
    assert list(session(driver)) == []


def test_a_driver_does_not_outlive_who_started_it(tmp_path: Path) -> None:
    started = tmp_path / "started"
    words = python(OUTLIVED, TIED, str(started), str(tmp_path / "log.txt"))
    with subprocess.Popen(words, env=os.environ) as command:
        until(lambda: started.exists() and started.read_text() != "")
        command.kill()
    driver = int(started.read_text())
    until(lambda: gone(driver))


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path, "64k") as mounted:
        if not mounted:
            pytest.skip("a small disk cannot be mounted here")
        with pytest.raises(ArenaError, match=f"on; the disk of {tmp_path} is full$"):
            watch(python("print('x' * 99999)"), {}, tmp_path / "log.txt", lambda: None)


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "verl").write_text("a file where a folder should be")
    with pytest.raises(ArenaError, match=r"cannot write .*log\.txt: "):
        watch(python(""), {}, tmp_path / "verl" / "log.txt", lambda: None)
