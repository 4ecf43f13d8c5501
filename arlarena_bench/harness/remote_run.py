"""A run on a worker elsewhere, which has the same files under the same paths.

Imports little: each worker that is to run it does.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run's command, and what is around it.

    Attributes:
        command: Goes on where an earlier call of it was cut off.
        place: Current folder.
        log: Receives its output.
        environment: Variables that it is given beside the worker's.
    """

    command: tuple[str, ...]
    place: str
    log: str
    environment: Mapping[str, str]

    def __call__(self) -> int:
        """Run it, and return its exit code, negative for a signal's number.

        The run ends with whoever called it, even if that is killed: it waits for the end of its
        standard input.
        """
        with (
            open(self.log, "ab", buffering=0) as log,
            subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.place,
                env={**os.environ, **self.environment},
                preexec_fn=_leave_preemption_to_the_caller,
            ) as process,
        ):
            return process.wait()

    def say(self, line: str) -> None:
        """Add a line to its log."""
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"{line}\n")


def _leave_preemption_to_the_caller() -> None:
    """Ignore the signal by which Slurm says to all processes of a job that its time is over."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
