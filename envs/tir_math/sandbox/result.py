"""What a call may use, and what it gives."""

from dataclasses import dataclass

# Of what was printed to the error stream this much is kept, from its end.
KEPT_ERRORS = 1 << 14
GONE = "the variables of the session are gone"


@dataclass(frozen=True)
class Limits:
    """What one call may use.

    Attributes:
        memory: Bytes of address space of each process; the libraries take about 300 MiB.
        output: Bytes printed; more ends the call.
        file: Bytes of one file.
        disk: Bytes of all files together, where there are namespaces.
        processes: Processes and threads of all calls and sessions that run at once: the kernel
            counts them for a user.
        files: Open files.
        cpu: Seconds of CPU time of a whole session; a call has its timeout besides.
    """

    memory: int = 1 << 30
    output: int = 1 << 20
    file: int = 1 << 24
    disk: int = 1 << 26
    processes: int = 128
    files: int = 64
    cpu: int = 600


@dataclass(frozen=True)
class Result:
    """What came of a piece of code.

    Attributes:
        output: What it printed, as it is; what is not UTF-8 is replaced.
        error: Empty if it went well; else one line, as a rule the traceback's last.
        stderr: The error stream, from the end if there was much of it.
        timed_out: Whether it was stopped because its time was over.
    """

    output: str = ""
    error: str = ""
    stderr: str = ""
    timed_out: bool = False

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return bool(self.error)


def last_line(text: str) -> str:
    """Return the last line of a text that is not empty, or nothing."""
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")


def out_of_time(seconds: float) -> str:
    """Say that code was stopped."""
    return f"TimeoutError: stopped after {seconds:g} s"


def too_much_printed(limit: int) -> str:
    """Say that code was stopped, or its answer not read to the end."""
    return f"OutputLimit: more than {limit} bytes printed"
