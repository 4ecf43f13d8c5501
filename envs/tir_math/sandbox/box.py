"""`Sandbox`: one interface to every way of running code that nobody has read."""

import atexit
import os
import threading
import warnings
import weakref
from typing import Protocol, Self

from arlarena_bench.errors import ArenaError, ArenaWarning, unknown
from arlarena_bench.outage import LostError, Part

from . import levels
from .fork_backend import ForkBackend, processors
from .http_backend import HttpBackend
from .monty_backend import MontyBackend
from .result import GONE, Limits, Result

ELSEWHERE = ("monty", "http")
BACKENDS = ("auto", *levels.STARTS, *ELSEWHERE)
NO_ISOLATION = (
    "THE SANDBOX ISOLATES NOTHING, as sandbox='none' asks for: code can read your files and use "
    "your network"
)


# A program that is run to see whether anything runs.
PROBE, PRINTS, SECONDS = "print(6 * 7)", "42\n", 10.0
ENDED = "SandboxError: the program ended the sandbox, each time that it ran"
LOST = f"SandboxError: the sandbox was lost while the program ran; {GONE}"


class _Runs(Protocol):
    def run(self, code: str, timeout: float) -> Result: ...

    def close(self) -> None: ...


class _Variables(_Runs, Protocol):
    @property
    def holds_variables(self) -> bool: ...


class _Backend(_Runs, Protocol):
    isolation: str
    name: str
    advice: str

    def session(self) -> _Variables: ...

    def forget(self) -> None: ...


class Session:
    """Pieces of code that share their variables; made by `Sandbox.session`."""

    def __init__(self, runs: _Variables, part: Part) -> None:
        self._runs = runs
        self._part = part
        self._closed = False

    def run(self, code: str, timeout: float = 10.0) -> Result:
        """Run code after what ran before.

        After a timeout, or when the process was lost, the variables are gone: the error says so,
        and the next piece of code starts with none.

        Raises:
            ArenaError: If the session is closed.
            OutageError: If no program at all runs any more.
        """
        if self._closed:
            raise ArenaError("this session of the sandbox is closed; open a new one")
        timeout = checked(timeout)
        if not self._runs.holds_variables:
            return _result_of(self._part, self._runs, code, timeout)
        try:
            return self._runs.run(code, timeout)
        except LostError as error:
            self._part.recover(str(error))
            return Result(error=LOST)

    def close(self) -> None:
        """Forget the variables and end the process."""
        self._closed = True
        self._runs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Sandbox:
    """Runs Python code in isolation; safe to share between threads.

    What is needed starts with the first call, and starts again whenever it is killed.

    Args:
        backend: `bwrap` (bubblewrap), `namespaces`, `auto` for the first of these two that works
            here, `none` (limits only), `monty`, or `http`.
        url: Where the service of `http` is.
        limits: What one call may use.
        workers: How many calls run at once; None for one a processor.

    Raises:
        ArenaError: If there is no such backend, or the url is missing or superfluous.
    """

    def __init__(
        self,
        backend: str = "auto",
        *,
        url: str | None = None,
        limits: Limits | None = None,
        workers: int | None = None,
    ) -> None:
        if backend not in BACKENDS:
            raise unknown("sandbox", backend, BACKENDS)
        if (url is not None) != (backend == "http"):
            raise ArenaError("a url goes with the sandbox 'http', and with no other")
        if workers is not None and workers < 1:
            raise ArenaError(f"workers is {workers}; a sandbox needs at least one")
        self.backend = backend
        self._url = url
        self._limits = limits or Limits()
        self._workers = workers or processors()
        self._lock = threading.Lock()
        self._started: _Backend | None = None
        self._closed = False
        _all.add(self)

    @property
    def isolation(self) -> str:
        """What holds: `bwrap`, `namespaces`, `none`, `monty` or `http`.

        Raises:
            NoSandboxError: If that does not work here.
        """
        return self.backend if self.backend in ELSEWHERE else levels.chosen(self.backend)

    def run(self, code: str, timeout: float = 10.0) -> Result:
        """Run code as a script in a process of its own; nothing remains of it.

        Args:
            code: Python. Only what it prints is output.
            timeout: Seconds of wall-clock time.

        Raises:
            ArenaError: If this machine cannot provide the backend, or the sandbox is closed.
                Never because of the code.
            OutageError: If no program at all runs any more.
        """
        backend = self._backend()
        return _result_of(_part(backend), backend, code, checked(timeout))

    def session(self) -> Session:
        """Open a session, whose pieces of code share their variables.

        Raises:
            ArenaError: If the backend has none, or as `run` does.
        """
        backend = self._backend()
        return Session(backend.session(), _part(backend))

    def close(self) -> None:
        """End every process of this sandbox."""
        with self._lock:
            self._closed = True
            started, self._started = self._started, None
        if started is not None:
            started.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def forget(self) -> None:
        """In a forked process: let go of the parent's processes; the next call starts our own."""
        self._lock = threading.Lock()
        if self._started is not None:
            self._started.forget()
            self._started = None

    def _backend(self) -> _Backend:
        with self._lock:
            if self._closed:
                raise ArenaError("this sandbox is closed; make a new one")
            if self._started is None:
                self._started = self._start()
            return self._started

    def _start(self) -> _Backend:
        if self.backend == "monty":
            return MontyBackend(self._limits, self._workers)
        if self.backend == "http":
            return HttpBackend(self._url or "", self._limits)
        level = levels.chosen(self.backend)
        if level == "none":
            warnings.warn(NO_ISOLATION, ArenaWarning, stacklevel=4)
        return ForkBackend(level, self._limits, self._workers)


def _part(backend: _Backend) -> Part:
    def check() -> None:
        result = backend.run(PROBE, SECONDS)
        if result.output != PRINTS:
            raise LostError(result.error or f"{PROBE} prints {result.output[:40]!r}")

    return Part(backend.name, backend.advice, check)


def _result_of(part: Part, runs: _Runs, code: str, timeout: float) -> Result:
    """Run code; what ends its sandbox again and again, while other code runs there, has failed."""
    result = part.ask(lambda: runs.run(code, timeout))
    return Result(error=ENDED) if result is None else result


def _close_all() -> None:
    for sandbox in list(_all):
        sandbox.close()


def _forget_all() -> None:
    for sandbox in list(_all):
        sandbox.forget()


_all: "weakref.WeakSet[Sandbox]" = weakref.WeakSet()
atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def checked(timeout: float) -> float:
    """Return a timeout in seconds.

    Raises:
        ArenaError: If it is not above 0, and below a day.
    """
    if not isinstance(timeout, int | float) or not 0 < timeout < 86_400:
        raise ArenaError(f"timeout is {timeout!r} s; it must be above 0, and below a day")
    return float(timeout)
