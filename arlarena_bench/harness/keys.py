"""What a person types: keys on a terminal, lines from anything else."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

from blessed import Terminal

END = "quit"  # what the end of the input means
ARROWS = {"KEY_UP": "up", "KEY_DOWN": "down", "KEY_LEFT": "left", "KEY_RIGHT": "right"}


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

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def read(self, at_once: Collection[str]) -> str:
        """Return the next command."""
        typed: list[str] = []
        while True:
            try:
                key = self._terminal.inkey()
            except EOFError:
                return END
            if key.name in ARROWS and not typed:
                return ARROWS[key.name]
            if key.name == "KEY_ENTER":
                return "".join(typed).strip()
            if key == "\x04":
                return END
            if key in at_once and not typed:
                return str(key)
            if key.name == "KEY_BACKSPACE" and typed:
                self._echo("\b \b" * self._terminal.length(typed.pop()))
            elif key.isprintable():
                self._echo(key)
                typed.append(key)

    def _echo(self, text: str) -> None:
        self._terminal.stream.write(text)
        self._terminal.stream.flush()


@contextmanager
def keyboard() -> Iterator[Input]:
    """Give the keyboard where there is one, and lines elsewhere."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield Lines()
        return
    terminal = Terminal()
    with terminal.cbreak():
        yield Keys(terminal)
