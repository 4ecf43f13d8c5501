"""The backend of Monty, an interpreter of a part of Python that has no way out of itself.

It has neither sympy nor the greater part of the standard library; what it cannot do, it says in the
words of Python's own exceptions.
"""

import math
import os
from typing import Any, ClassVar

from arlarena_bench.errors import ArenaError
from arlarena_bench.outage import LostError

from .result import Limits, Result, last_line, out_of_time

INSTALL = "pip install 'arlarena-bench[monty]'"
# Its threads are not in a forked process, where a call would never end, nor the parent's next one.
FORKED = (
    "the sandbox 'monty' does not work in a process forked from one that has used it; start "
    "processes with the method 'spawn'"
)


class MontyBackend:
    """Runs code in Monty's worker processes.

    Raises:
        ArenaError: If Monty is not installed or does not start, or was used before a fork.
    """

    isolation = "monty"
    name, advice = "the sandbox 'monty'", INSTALL
    _user: ClassVar[int | None] = None
    _inherited: ClassVar[list["MontyBackend"]] = []

    def __init__(self, limits: Limits, workers: int) -> None:
        try:
            import pydantic_monty
        except ImportError as error:
            raise ArenaError(f"the sandbox 'monty' is not installed; {INSTALL}") from error
        if MontyBackend._user not in (None, os.getpid()):
            raise ArenaError(FORKED)
        MontyBackend._user = os.getpid()
        self.library: Any = pydantic_monty
        self.limits = limits
        try:
            self.pool = pydantic_monty.Monty(max_processes=workers).__enter__()
        except Exception as error:
            raise ArenaError(f"Monty does not start: {error}; {INSTALL}") from error

    def run(self, code: str, timeout: float) -> Result:
        """Run code in a session of its own."""
        with MontySession(self) as session:
            return session.run(code, timeout)

    def session(self) -> "MontySession":
        """Return a session."""
        return MontySession(self)

    def close(self) -> None:
        """End the workers."""
        self.pool.__exit__(None, None, None)

    def forget(self) -> None:
        """In a forked process: keep the pool, whose end would take the parent's events with it."""
        self._inherited.append(self)


class MontySession:
    """A session of Monty, whose state is carried from worker to worker.

    Between two pieces of code it holds no worker: there are fewer workers than sessions.
    """

    def __init__(self, backend: MontyBackend) -> None:
        self._backend = backend
        self._state: bytes | None = None

    def __enter__(self) -> "MontySession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, code: str, timeout: float) -> Result:
        """Run code after what ran before.

        Raises:
            LostError: If the worker was lost.
        """
        library = self._backend.library
        limits = self._backend.limits
        printed = library.CollectStreams(limits.output)
        try:
            with self._backend.pool.checkout(
                limits={"max_feed_duration_secs": timeout, "max_memory": limits.memory},
                # The same code prints the same: no clock to wait for, no entropy.
                os_policy={"sleep": "zero", "random_start": {"seed": 0}},
            ) as session:
                if self._state is not None:
                    session.load_session(self._state)
                try:
                    session.feed_run(code, print_callback=printed)
                finally:
                    self._keep(session)
        except (library.MontySyntaxError, library.MontyRuntimeError) as error:
            return self._result(printed, error.display("type-msg"), error.display(), timeout)
        except library.MontyError as error:
            self._state = None
            raise LostError(last_line(str(error))) from error
        return self._result(printed, "")

    def _keep(self, session: Any) -> None:
        try:
            self._state = session.dump()
        except Exception:
            self._state = None  # the worker is gone, or its memory too large to carry

    @property
    def holds_variables(self) -> bool:
        """Whether code has run that may have left some."""
        return self._state is not None

    def close(self) -> None:
        """Forget the variables."""
        self._state = None

    def _result(
        self, printed: Any, error: str, trace: str = "", timeout: float = math.inf
    ) -> Result:
        streams = {"stdout": "", "stderr": ""}
        for stream, text in printed.output:
            streams[stream] += text
        timed_out = error.startswith("TimeoutError: feed time limit")
        if timed_out:
            self._state = None  # stopped in the middle of something
            error = out_of_time(timeout)
        return Result(
            streams["stdout"], last_line(error), (streams["stderr"] + trace).strip(), timed_out
        )
