"""Where a bench runs its runs: as processes here, as tasks of a Ray cluster or as jobs of Slurm."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.harness.doctor import cores
from arlarena_bench.harness.forks import forks
from arlarena_bench.harness.plan import Job, parse_settings
from arlarena_bench.harness.processes import (
    SINGLE_THREAD,
    RunProcess,
    command_of,
    interpreters,
    open_log,
)
from arlarena_bench.harness.remote_run import RemoteRun

LAUNCHERS = {
    "local": "arlarena_bench.harness.launcher",
    "ray": "arlarena_bench.harness.ray_launcher",
    "slurm": "arlarena_bench.harness.slurm_launcher",
}
OPTION = "--launcher-set"


@dataclass(frozen=True, slots=True)
class Runs:
    """What starts runs.

    Attributes:
        start: Starts one.
        at_once: How many should go on at a time, unless a user says otherwise.
    """

    start: Callable[[Job], RunProcess]
    at_once: int


Launcher = Callable[[], AbstractContextManager[Runs]]
"""Gives what starts runs, and ends those that still go on when it is left."""


def launcher_named(name: str, settings: Sequence[str] = ()) -> Launcher:
    """Return a launcher by name.

    Args:
        name: `local`, `ray` or `slurm`.
        settings: Each `"key=value"`; which keys there are, the launcher knows.

    Raises:
        ArenaError: If there is none of that name, it knows no such setting, or cannot be used here.
    """
    if name not in LAUNCHERS:
        raise unknown("launcher", name, LAUNCHERS)
    made: Launcher = import_module(LAUNCHERS[name]).launcher(parse_settings(settings, OPTION))
    return made


def launcher(settings: Mapping[str, Any]) -> Launcher:
    """Return the launcher of processes on this machine."""
    if settings:
        raise ArenaError(f"{OPTION} {next(iter(settings))}: the launcher 'local' has no settings")
    return local


@contextmanager
def local() -> Iterator[Runs]:
    """Run as forks of one process where there is `fork`, else in interpreters of their own."""
    with forks() if hasattr(os, "fork") else interpreters() as start:
        yield Runs(start, cores())


def remote(job: Job) -> RemoteRun:
    """Begin a run's log, and return the run as workers take it.

    Raises:
        ArenaError: If the log cannot be written.
    """
    open_log(job).close()
    ours = {name: value for name, value in os.environ.items() if name.startswith("ARLARENA_")}
    log = str(job.log.absolute())
    return RemoteRun(tuple(command_of(job)), str(Path.cwd()), log, {**ours, **SINGLE_THREAD})
