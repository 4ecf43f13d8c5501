"""One sandbox a process for all its environments."""

import threading

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
        return _shared.setdefault((backend, url), Sandbox(backend, url=url))
