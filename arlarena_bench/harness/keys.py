"""What a person types: keys on a terminal, lines from anything else."""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

END = "quit"  # what the end of the input means

if sys.platform == "win32":
    import msvcrt

    _ARROWS = {"H": "up", "P": "down", "K": "left", "M": "right"}

    @contextmanager
    def _unbuffered() -> Iterator[None]:
        yield

    def _read_keys() -> str:
        key = msvcrt.getwch()
        if key not in ("\x00", "\xe0"):
            return key
        return _ARROWS.get(msvcrt.getwch(), "")

else:
    import termios
    import tty

    _ARROWS = {"A": "up", "B": "down", "D": "left", "C": "right"}

    @contextmanager
    def _unbuffered() -> Iterator[None]:
        """Let keys arrive at once; the terminal is as before afterwards, whatever happens."""
        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        try:
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def _read_keys() -> str:
        # An arrow arrives as one escape sequence, ESC [ A or ESC O A.
        keys = os.read(sys.stdin.fileno(), 64).decode(errors="ignore")
        return _ARROWS.get(keys[2:], "") if keys.startswith("\x1b") else keys or "\x04"


class Input(Protocol):
    """Where commands come from."""

    def read(self, at_once: Collection[str]) -> str:
        """Return the next command; a letter in `at_once` needs no Enter."""


class Lines:
    """A line a command, for pipes and files."""

    def read(self, at_once: Collection[str]) -> str:
        """Return the next line, `END` after the last."""
        line = sys.stdin.readline()
        return line.strip() if line else END


class Keys:
    """Arrows and single letters act at once; words end with Enter."""

    def read(self, at_once: Collection[str]) -> str:
        """Return the next command."""
        typed = ""
        while True:
            keys = _read_keys()
            if keys in _ARROWS.values() and not typed:
                return keys
            for key in keys:
                if key in "\r\n":
                    return typed.strip()
                if key == "\x04":
                    return END
                if not typed and key in at_once:
                    return key
                if key in "\b\x7f":
                    _echo("\b \b" * bool(typed))
                    typed = typed[:-1]
                elif key.isprintable():
                    _echo(key)
                    typed += key


@contextmanager
def keyboard() -> Iterator[Input]:
    """Give the keyboard where there is one, and lines elsewhere."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield Lines()
        return
    with _unbuffered():
        yield Keys()


def _echo(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
