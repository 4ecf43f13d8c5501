"""One sandbox a process for all its environments."""

import threading
from collections.abc import Callable

from .box import Sandbox

_lock = threading.Lock()
_shared: dict[tuple[str, str | None], Sandbox] = {}


def shared(backend: str = "auto", *, url: str | None = None) -> Sandbox:
    """Return the sandbox that everybody in this process shares; do not close it.

    It closes itself at exit; a forked process starts its own.

    Raises:
        ArenaError: As `Sandbox` does.
    """
    with _lock:
        return _shared.setdefault((backend, url), SharedSandbox(backend, url))


class SharedSandbox(Sandbox):
    """A sandbox that copies share, and that is found again in another process."""

    def __init__(self, backend: str, url: str | None) -> None:
        super().__init__(backend, url=url)
        self._key = backend, url

    def __reduce__(self) -> tuple[Callable[[str, str | None], Sandbox], tuple[str, str | None]]:
        return _found, self._key


def _found(backend: str, url: str | None) -> Sandbox:
    return shared(backend, url=url)
