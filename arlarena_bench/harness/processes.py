"""Runs as processes of their own: started, watched, and never left behind."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.plan import Job

GRACE = 10.0  # seconds a process gets to end before it is killed

# Two threads in one process spin against each other and against the other runs.
SINGLE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that failed, and why."""

    name: str
    reason: str
    log: Path


def start(job: Job) -> subprocess.Popen[bytes]:
    """Start a run, its output appended to its log.

    Raises:
        ArenaError: If the log cannot be written.
    """
    # What lies in the current folder is imported from (no -P) only where this process does so, too.
    here = [] if {"", os.getcwd()} & set(sys.path) else ["-P"]
    command = [sys.executable, *here, "-m", "arlarena_bench", "train", *job.arguments, "--tied"]
    environment = {**os.environ, **SINGLE_THREAD}
    try:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        with job.log.open("ab") as log:
            log.write(f"$ {shlex.join(command)}\n".encode())
            log.flush()
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment
            )
    except OSError as error:
        raise ArenaError(f"cannot start {job.name} with {job.log}: {error.strerror}") from error


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
    lines = job.log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    return Failure(job.name, said[-1], job.log)


def die_with_parent() -> None:
    """End this process when the bench that started it is gone, even if it was killed.

    The bench holds the other end of standard input and writes nothing to it. A run that outlived
    its bench would write into a folder that the next bench opens.
    """

    def wait_for_end() -> None:
        os.read(sys.stdin.fileno(), 1)
        os._exit(1)

    threading.Thread(target=wait_for_end, daemon=True).start()


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
