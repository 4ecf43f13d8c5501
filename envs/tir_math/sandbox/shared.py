"""One sandbox a process for all its environments."""

import threading
from collections.abc import Callable

from .box import Sandbox
from .result import Result

# Programs whose results are kept, and how many characters of one and what it printed.
REMEMBERED = 4096
LONGEST = 1 << 13
# What a program's own text decides. Any other error may be the moment's: no time, memory or
# processes left.
OWN_ERRORS = (
    "AttributeError", "IndentationError", "IndexError", "KeyError", "NameError", "SyntaxError",
    "TypeError", "ValueError", "ZeroDivisionError",
)  # fmt: skip

_lock = threading.Lock()
_shared: "dict[tuple[str, str | None], SharedSandbox]" = {}


def shared(backend: str = "auto", *, url: str | None = None) -> "SharedSandbox":
    """Return the sandbox that everybody in this process shares; do not close it.

    It closes itself at exit; a forked process starts its own.

    Raises:
        ArenaError: As `Sandbox` does.
    """
    with _lock:
        return _shared.setdefault((backend, url), SharedSandbox(backend, url))


class SharedSandbox(Sandbox):
    """A sandbox that copies share, and that is found again in another process.

    A program that ended by itself is not run again: agents of one policy write the same short
    programs over and over, and a process each is most of what their episodes cost.
    """

    def __init__(self, backend: str, url: str | None) -> None:
        super().__init__(backend, url=url)
        self._key = backend, url
        self._known: dict[tuple[str, float], Result] = {}

    def run(self, code: str, timeout: float = 10.0) -> Result:
        """Run code as a script of its own, or return what came of it in this process before."""
        known = self._known.get((code, timeout))
        if known is not None:
            return known
        result = super().run(code, timeout)
        size = len(code) + len(result.output) + len(result.stderr)
        by_itself = not result.error or result.error.partition(":")[0] in OWN_ERRORS
        if by_itself and not result.timed_out and size <= LONGEST:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[code, timeout] = result
        return result

    def forget_results(self) -> None:
        """Run every program again, also one that has run before."""
        self._known.clear()

    def close(self) -> None:
        """End every process, and what would answer without one."""
        super().close()
        self.forget_results()

    def __reduce__(self) -> tuple[Callable[[str, str | None], Sandbox], tuple[str, str | None]]:
        return _found, self._key


def _found(backend: str, url: str | None) -> Sandbox:
    return shared(backend, url=url)
