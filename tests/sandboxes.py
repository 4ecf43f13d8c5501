"""Sandboxes for tests: which this machine can provide, and which processes they consist of."""

import multiprocessing
import warnings
from pathlib import Path

import pytest

from arlarena_bench.envs.tir_math.sandbox import (
    NoSandboxError,
    Sandbox,
    active,
    isolation_report,
    shared,
)
from arlarena_bench.envs.tir_math.sandbox.fork_backend import SPARES, ForkBackend

# Keepers outside (the launcher, bubblewrap), the server, and children forked ahead.
DESCENDANTS_WHEN_IDLE = {"bwrap": 2 + SPARES, "namespaces": 1 + SPARES, "none": SPARES}


def needs(level: str) -> None:
    """Skip the test where the machine cannot provide a level of isolation, or any with `auto`."""
    if level == "auto":
        try:
            active()
        except NoSandboxError as error:
            pytest.skip(str(error))
    report = {entry.name: entry for entry in isolation_report()}
    if level in report and not report[level].works:
        pytest.skip(f"{level} does not work here: {report[level].why}")


def opened(level: str, **options: int) -> Sandbox:
    """Open a sandbox, without the warning that `none` gives."""
    sandbox = Sandbox(level, **options)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert sandbox.run("print(1)").output == "1\n"
    assert sandbox.isolation == level
    return sandbox


def server_process(box: Sandbox) -> int:
    """Return the first process of a sandbox."""
    backend = box._started
    assert isinstance(backend, ForkBackend)
    assert backend._server is not None
    return backend._server.process.pid


def descendants(box: Sandbox) -> list[int]:
    """Return all processes under the first one of a sandbox."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(stat.parent.name)] = int(fields[1])
    found = [server_process(box)]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def use_shared_sandbox(results: "multiprocessing.Queue[list[str]]") -> None:
    """What a child process runs; a spawned one finds it here, whatever folder it starts in."""
    results.put([shared().run("print('child')").output for _ in range(3)])
