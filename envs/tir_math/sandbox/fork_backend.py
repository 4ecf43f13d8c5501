"""The backend of the fork servers: one server, as many calls at once as there are processors."""

import os
import threading
from collections import deque

from arlarena_bench.errors import ArenaError
from arlarena_bench.outage import LostError

from . import levels
from .fork_server import ForkServer
from .result import GONE, Limits, Result, out_of_time
from .stream import Child, StuckError, follow

SPARES = 2
ADVICE = "`arlarena doctor` says what works here"


class ForkBackend:
    """Runs every call in a child of a fork server, which is started again when it dies.

    Args:
        level: One of `levels.STARTS`.
        limits: What a call may use.
        workers: How many calls run at once.

    """

    def __init__(self, level: str, limits: Limits, workers: int) -> None:
        self.isolation = level
        self.name, self.advice = f"the sandbox {level!r}", ADVICE
        self.limits = limits
        self.slots = threading.BoundedSemaphore(workers)
        self._workers = workers
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        # Forked ahead, and waiting for code: a call then begins at once. Each runs one call.
        self._spares: deque[Child] = deque()
        self._closed = False

    def run(self, code: str, timeout: float) -> Result:
        """Run code in a fresh process.

        Raises:
            LostError: If the sandbox was lost under it.
        """
        with self.slots:
            try:
                return self._run(code, timeout)
            except StuckError:
                return Result(error=out_of_time(timeout), timed_out=True)

    def _run(self, code: str, timeout: float) -> Result:
        child = self._take()
        try:
            child.send(code, timeout)
            return follow(child, timeout, self.limits)[0]
        except LostError:
            self.drop_server(child)
            raise
        finally:
            child.close()
            self._fork_ahead()

    def child(self, *, session: bool) -> Child:
        """Fork a process of the present server, or of a new one if that is gone.

        Raises:
            LostError: If the new one is gone too.
        """
        for _ in range(2):
            server = self._running()
            try:
                return server.child(session=session)
            except LostError:
                self._end(server)
        raise LostError("the fork server ends as soon as it has started")

    def session(self) -> "ForkSession":
        """Return a process that keeps its variables; forked when it is first used."""
        return ForkSession(self)

    def close(self) -> None:
        """End the server with everything in it."""
        with self._lock:
            self._closed = True
            server, self._server = self._server, None
            spares = self._take_spares()
        for child in spares:
            child.close()
        if server is not None:
            server.close()

    def forget(self) -> None:
        """Let go of what belongs to the process that this one was forked from."""
        self._lock = threading.Lock()
        self.slots = threading.BoundedSemaphore(self._workers)
        for child in self._take_spares():
            child.forget()
        if self._server is not None:
            self._server.forget()
            self._server = None

    def _take(self) -> Child:
        with self._lock:
            child = self._spares.popleft() if self._spares else None
        return child or self.child(session=False)

    def _fork_ahead(self) -> None:
        # After a call and not during it: a server that forks is late to see that a child ended.
        # One spare is not enough: it would still be on its way when the next call wants it.
        while len(self._spares) < SPARES:
            try:
                child = self._running().child(session=False)
            except LostError:
                return
            with self._lock:
                if child.server is self._server:
                    self._spares.append(child)
                    continue
            child.close()

    def _take_spares(self) -> list[Child]:
        spares = list(self._spares)
        self._spares.clear()
        return spares

    def _running(self) -> ForkServer:
        with self._lock:
            if self._closed:
                raise LostError("it was closed")
            if self._server is None:
                try:
                    self._server = levels.start(self.isolation, self.limits)
                except (ArenaError, OSError) as error:
                    raise LostError(str(error)) from error
            return self._server

    def drop_server(self, child: Child) -> None:
        """End the server that a process was lost with, unless somebody has done so."""
        with self._lock:
            server = self._server if self._server is child.server else None
        if server is not None:
            self._end(server)

    def _end(self, server: ForkServer) -> None:
        with self._lock:
            if self._server is server:
                self._server = None
            spares = self._take_spares()
        for spare in spares:
            spare.close()
        server.kill()


class ForkSession:
    """A process that keeps its variables from one piece of code to the next."""

    def __init__(self, backend: ForkBackend) -> None:
        self._backend = backend
        self._child: Child | None = None
        self._owner = os.getpid()

    def run(self, code: str, timeout: float) -> Result:
        """Run code after what ran before; see `Session.run`."""
        if self._owner != os.getpid():
            self._owner = os.getpid()
            if self._child is not None:
                self._child.forget()  # it is the parent's, which goes on with it
                self._child = None
        with self._backend.slots:
            try:
                if self._child is None:
                    self._child = self._backend.child(session=True)
                return self._run(self._child, code, timeout)
            except StuckError:
                assert self._child is not None
                self._backend.drop_server(self._child)
                self.close()
                return Result(error=f"{out_of_time(timeout)}; {GONE}", timed_out=True)
            except LostError:
                self.close()
                raise

    def _run(self, child: Child, code: str, timeout: float) -> Result:
        child.forget_leftovers()
        child.send(code, timeout)
        result, goes_on = follow(child, timeout, self._backend.limits)
        if not goes_on:
            self.close()
            error = result.error or "SystemExit: the process was ended"
            return Result(result.output, f"{error}; {GONE}", result.stderr, result.timed_out)
        return result

    @property
    def holds_variables(self) -> bool:
        """Whether code has run that may have left some."""
        return self._child is not None

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.close()
            self._child = None


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
