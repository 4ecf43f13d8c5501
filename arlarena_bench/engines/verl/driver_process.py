"""verl's driver as a process: started, watched to its end, and nothing of it left behind."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from arlarena_bench.engines.verl.cpu_switch import PARENT
from arlarena_bench.engines.verl.run_report import pointer
from arlarena_bench.errors import ArenaError

LOOK_EVERY = 0.5  # seconds between looks at what it has told
ENDING = 30.0  # seconds that it has to end when this process is ended
FULL = 1 << 20  # bytes; where fewer are free, a checkpoint has found no room

# How the last line of a traceback begins.
_ERROR = re.compile(r"(?:[a-z]\w*\.)*(?:[A-Z]\w*)?(?:Error|Exception): .+")


def watch(
    command: Sequence[str], environment: Mapping[str, str], log: Path, tell: Callable[[], None]
) -> None:
    """Run verl to its end, and hand on what it tells meanwhile.

    Args:
        command: Of verl's driver.
        environment: Of its processes, beside that of this one.
        log: What it prints is appended to it.
        tell: Called now and then; may raise what verl has told as its failure.

    Raises:
        ArenaError: If it fails, by what it has told or else by its log.
    """
    try:
        log.parent.mkdir(exist_ok=True)
        written = log.open("ab")
    except OSError as error:
        raise ArenaError(f"cannot write {log}: {error.strerror}") from error
    with written:
        begins = written.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # at whose end it ends itself, should this process be killed
            stdout=written,
            stderr=written,
            env={**os.environ, **environment, PARENT: str(os.getpid())},
            start_new_session=True,
        )
    with process:
        try:
            while (code := _ended(process)) is None:
                tell()
            tell()
        except ArenaError as error:
            raise ArenaError(f"{error}{_room(log)}") from error
        finally:
            _end(process)
    if code:
        said = f"verl {_ending(code)}{_last_error(log, begins)}"
        raise ArenaError(f"{said}{pointer(log)}{_room(log)}")


def _ended(process: "subprocess.Popen[bytes]") -> int | None:
    try:
        return process.wait(LOOK_EVERY)
    except subprocess.TimeoutExpired:
        return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End verl's driver, and what it has started: Ray's processes may outlive one that is killed.

    They all are of the session that the driver began.
    """
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for entry in sorted(Path("/proc").glob("[0-9]*")):
        with suppress(OSError):
            if os.getsid(int(entry.name)) == process.pid:
                os.kill(int(entry.name), signal.SIGKILL)


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _last_error(log: Path, begins: int) -> str:
    """Return what the last traceback in the log says, empty where there is none."""
    with log.open("rb") as written:
        written.seek(begins)
        lines = written.read().decode(errors="replace").splitlines()
    found = [line for line in lines if _ERROR.fullmatch(line)]
    return f" ({found[-1].strip()})" if found else ""


def _room(log: Path) -> str:
    """Return that the disk is full, where it is."""
    full = shutil.disk_usage(log.parent).free < FULL
    return f"; the disk of {log.parent} is full" if full else ""
