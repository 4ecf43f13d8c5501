"""Runs as processes of their own: started, watched, and never left behind."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.plan import Job
from arlarena_bench.record import FailureRecord, write_failure

TRAIN = ("train", "--tied")  # a run's command line begins so

LOG_TAIL = 20  # lines that are kept of the log of a run that failed
GRACE = 10.0  # seconds a process gets to end before it is killed

# Two threads in one process spin against each other and against the other runs.
SINGLE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that failed, and why."""

    name: str
    reason: str
    log: Path


def leave_failure(job: Job, failure: Failure) -> None:
    """Leave a failure in the folder of its run, for the table.

    Raises:
        ArenaError: If it cannot be written.
    """
    command = shlex.join(["arlarena", "train", *job.arguments])
    said = _said(job)[-LOG_TAIL:]
    record = FailureRecord(
        recipe=job.recipe,
        reason=failure.reason.removeprefix("error: "),
        command=command,
        log=tuple(said),
    )
    write_failure(job.folder, record)


class RunProcess(Protocol):
    """A run in a process of its own."""

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal's number; None while the run goes on."""


def interpreter() -> list[str]:
    """Return the command of a Python that imports from where this process does."""
    # What lies in the current folder is imported from (no -P) only where this process does so, too.
    here = [] if {"", os.getcwd()} & set(sys.path) else ["-P"]
    return [sys.executable, *here]


def single_threaded() -> dict[str, str]:
    """Return the environment of a run's process."""
    return {**os.environ, **SINGLE_THREAD}


def command_of(job: Job) -> list[str]:
    """Return the command of a run as a process of its own."""
    return [*interpreter(), "-m", "arlarena_bench", *TRAIN, *job.arguments]


def open_log(job: Job) -> IO[bytes]:
    """Open a run's log to append to it, the run's command written.

    Raises:
        ArenaError: If it cannot be written.
    """
    try:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        log = job.log.open("ab", buffering=0)
        log.write(f"$ {shlex.join(command_of(job))}\n".encode())
    except OSError as error:
        raise ArenaError(f"cannot start {job.name} with {job.log}: {error.strerror}") from error
    return log


def start(job: Job) -> subprocess.Popen[bytes]:
    """Start a run in a Python of its own, its output appended to its log.

    Raises:
        ArenaError: If the log cannot be written, or the process cannot be started.
    """
    with open_log(job) as log:
        try:
            return subprocess.Popen(
                command_of(job),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=single_threaded(),
            )
        except OSError as error:
            raise ArenaError(f"cannot start {job.name}: {error.strerror}") from error


@contextmanager
def interpreters() -> Iterator[Callable[[Job], RunProcess]]:
    """Give `start`, and end what it has started and what still runs."""
    processes: list[subprocess.Popen[bytes]] = []

    def started(job: Job) -> RunProcess:
        processes.append(start(job))
        return processes[-1]

    try:
        yield started
    finally:
        end([process for process in processes if process.poll() is None])


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End processes and wait until they have; checkpoints make that safe at any moment."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def failure_of(job: Job, code: int) -> Failure | None:
    """Return why a run that ended with `code` failed, None if it did not."""
    if code == 0:
        return None
    if code < 0:
        return Failure(job.name, f"killed by {signal.Signals(-code).name}", job.log)
    return Failure(job.name, _said(job)[-1], job.log)


def _said(job: Job) -> list[str]:
    lines = job.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip()]


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that children are ended on it too."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
