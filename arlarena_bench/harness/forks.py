"""Runs as forks of one process that has imported everything, where there is `fork`.

Importing torch and transformers takes seconds, a fork milliseconds (`fork_server.py`).
"""

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from pathlib import Path

from arlarena_bench.harness.plan import Job
from arlarena_bench.harness.processes import (
    GRACE,
    RunProcess,
    interpreter,
    open_log,
    single_threaded,
)

SERVER = "arlarena_bench.harness.fork_server"  # run, not imported: it imports the command line
LOST = -signal.SIGTERM  # how the runs of a server that is gone have ended


class ForkServer:
    """The bench's side of a server, which imports while the bench goes on.

    Args:
        log: Receives what the server says if it fails.

    Attributes:
        alive: Whether it takes requests.
    """

    def __init__(self, log: Path) -> None:
        self._connection, theirs = Pipe()
        self._log = log
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                [*interpreter(), "-m", SERVER, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=single_threaded(),
                pass_fds=[theirs.fileno()],
            )
        self._codes: dict[int, int] = {}
        self._started = 0
        self.alive = True

    def start(self, job: Job) -> "Fork":
        """Start a run, its output appended to its log."""
        self._started += 1
        request = (self._started, job.recipe.environment.id, job.arguments, str(job.log))
        with suppress(OSError):  # that the server is gone, the next look at the run says
            self._connection.send(request)
        return Fork(self, self._started, job.log)

    def code(self, number: int, log: Path) -> int | None:
        """Return what a run has ended with, None while it runs."""
        try:
            while self._connection.poll():
                ended, code = self._connection.recv()
                self._codes[ended] = code
        except (EOFError, OSError):
            self.alive = False
            if number not in self._codes:
                self._codes[number] = self._process.wait() or LOST
                if log != self._log:
                    with log.open("a", encoding="utf-8") as output:
                        output.write(f"the process that forks the runs is gone, see {self._log}\n")
        return self._codes.get(number)

    def close(self) -> None:
        """End what still runs, and the server; checkpoints make that safe at any moment."""
        self._connection.close()
        try:
            self._process.wait(2 * GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its runs end with it
            self._process.wait()


class Fork:
    """A run that a server has forked."""

    def __init__(self, server: ForkServer, number: int, log: Path) -> None:
        self._server = server
        self._number = number
        self._log = log

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal's number; None while the run goes on."""
        return self._server.code(self._number, self._log)


@contextmanager
def forks() -> Iterator[Callable[[Job], RunProcess]]:
    """Give what starts a run, and end what still runs; a server that is gone is replaced."""
    servers: list[ForkServer] = []

    def started(job: Job) -> RunProcess:
        open_log(job).close()
        if not (servers and servers[-1].alive):
            servers.append(ForkServer(job.log))
        return servers[-1].start(job)

    try:
        yield started
    finally:
        for server in servers:
            server.close()
