"""A run on verl as the command that a user gives, and what befalls it meanwhile."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from signpost import ID, signpost_recipe
from started_runs import children, gone, until

from arlarena_bench.engines.verl.cpu_switch import ON_CPU

# The processes of a run import the game by the module before the colon.
RECIPE = signpost_recipe(
    **{
        "environment.id": f"signpost:{ID}",
        "method": {"name": "sampo", "options": {"clip_low": 0.2, "clip_high": 0.2}},
        "train.iterations": 3,
        "train.max_tries": 2,
        "train.cold_start": 1,
        "train.checkpoint_every": 1,
        "train.kl_coef": 0.05,
        "train.learning_rate": 1e-3,
        "evaluation.every": 2,
        "evaluation.validation_tasks": 16,
        "evaluation.test_tasks": 16,
        "evaluation.attempts": 2,
        "evaluation.decoders": {"greedy": {"temperature": 0.0}},
    }
)
ENDS = 600.0  # seconds that a command has to end on a busy machine
FILLER = "filler"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: Its exit code.
        said: Its last words on the terminal, behind the steps that it made.
    """

    code: int
    said: list[str]


@contextmanager
def on_cpus() -> Iterator[None]:
    """Have runs on verl do without GPUs."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(dir="/tmp") as short:
        for name, value in ON_CPU.items():
            patch.setenv(name, value)
        # Ray's sockets lie in it, and their names may not be long.
        patch.setenv("RAY_TMPDIR", short)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        patch.delenv("RAY_ADDRESS", raising=False)
        yield


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[bool]:
    """Mount a disk in memory at a folder where that is allowed; give whether it is."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


def gone_on_with(folder: Path, fault: Callable[[int, Path], None]) -> Ended:
    """Go on with a run, and let something befall it behind the first step that it makes.

    It has to end, and to leave no process of its own.

    Args:
        folder: The run's.
        fault: Called with the number of verl's driver and the folder.
    """
    words = ["-P", "-m", "arlarena_bench", "train", "--recipe", str(folder / "recipe.yaml")]
    words += ["--engine", "verl", "--gpus", "2", "--out", str(folder), "--resume"]
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = [process.stderr.readline()]
        while said[-1] and not said[-1].startswith("step"):
            said.append(process.stderr.readline())
        assert said[-1], said
        (driver,) = children(process.pid)
        late = threading.Timer(ENDS, process.kill)
        late.start()
        fault(driver, folder)
        last = [line for line in process.stderr if not line.startswith("step")]
        late.cancel()
    until(lambda: not list(session(driver)))
    return Ended(process.returncode, last)


def session(leader: int) -> Iterator[tuple[int, str]]:
    """Yield what a process has started, itself among it: number and command."""
    for entry in sorted(Path("/proc").glob("[0-9]*")):
        with suppress(OSError):  # it has ended meanwhile
            pid = int(entry.name)
            if os.getsid(pid) == leader and not gone(pid):
                yield pid, (entry / "cmdline").read_bytes().decode().replace("\0", " ")


def killing(name: str) -> Callable[[int, Path], None]:
    """Return a fault: the first process of verl's that has a name in its command is killed."""

    def kill(driver: int, folder: Path) -> None:
        victims = [pid for pid, command in session(driver) if name in command]
        os.kill(victims[0], signal.SIGKILL)

    return kill


def fill(driver: int, folder: Path) -> None:
    """Leave no room on the disk of a run."""
    with (folder / FILLER).open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
