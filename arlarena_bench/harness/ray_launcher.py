"""Runs as tasks of a Ray cluster: one that runs already, or one of this machine's processors."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.harness.launcher import OPTION, Launcher, Runs, remote
from arlarena_bench.harness.plan import Job
from arlarena_bench.harness.remote_run import RemoteRun
from arlarena_bench.needed import needed
from arlarena_bench.ray_head import RayHead
from arlarena_bench.record.part import first_line

with needed("pip install 'arlarena-bench[ray]'"):
    import ray
    from ray.exceptions import RayError


class RaySettings(BaseModel):
    """What can be set.

    Attributes:
        address: Of a cluster; `local` for a new one here; without, `RAY_ADDRESS`, or the cluster
            that was started on this machine, or a new one.
        num_cpus: Of a run; it computes in one thread.
        retries: How often a run may lose its worker. It goes on from its checkpoint each time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str | None = None
    num_cpus: float = Field(1, gt=0)
    retries: int = Field(20, ge=0)


class RayRun:
    """A run that a worker has or will have."""

    def __init__(self, run: RemoteRun, task: "ray.ObjectRef[int]", head: RayHead) -> None:
        self._run = run
        self._task = task
        self._head = head
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal's number; None while it waits or runs.

        Raises:
            ArenaError: If the cluster is gone.
        """
        if self._code is None:
            # Ray itself would wait a minute, and then end this process.
            check_answers(self._head)
            if ray.wait([self._task], timeout=0)[0]:
                self._code = self._result()
        return self._code

    def cancel(self) -> None:
        """End it."""
        if self._code is None:
            ray.cancel(self._task, force=True)

    def _result(self) -> int:
        try:
            return int(ray.get(self._task))
        except RayError as error:
            said = " ".join(str(error).split())
            self._run.say(f"error: Ray lost the run: {type(error).__name__}: {said[:200]}")
            return 1


def launcher(settings: Mapping[str, Any]) -> Launcher:
    """Return the launcher of tasks.

    Args:
        settings: Of `RaySettings`.

    Raises:
        ArenaError: If one of them is unknown, or cannot be.
    """
    for name in settings:
        if name not in RaySettings.model_fields:
            raise unknown(f"{OPTION} of ray", name, RaySettings.model_fields)
    try:
        return partial(_tasks, RaySettings.model_validate(settings))
    except ValidationError as error:
        raise ArenaError(f"{OPTION} {first_line(error)}") from None


@contextmanager
def _tasks(settings: RaySettings) -> Iterator[Runs]:
    # Ray prints which workers it has lost; what a bench prints is its table.
    with redirect_stdout(sys.stderr), _cluster(settings) as head:
        on_a_worker = ray.remote(num_cpus=settings.num_cpus, max_retries=settings.retries)
        task = on_a_worker(RemoteRun.__call__)
        room = max(1, int(ray.cluster_resources().get("CPU", 1) / settings.num_cpus))
        runs: list[RayRun] = []

        def started(job: Job) -> RayRun:
            run = remote(job)
            runs.append(RayRun(run, task.remote(run), head))
            return runs[-1]

        try:
            yield Runs(started, room)
        finally:
            # Of a cluster that is gone nothing can be cancelled: its workers end with it.
            with suppress(ArenaError):
                check_answers(head)
                for run in runs:
                    run.cancel()


@contextmanager
def _cluster(settings: RaySettings) -> Iterator[RayHead]:
    """Connect to a cluster, or start one, and give where its head listens."""
    where = settings.address or os.environ.get("RAY_ADDRESS", "")
    if head := RayHead.of(where):
        check_answers(head)  # Ray would try for minutes
    try:
        ray.init(where or None, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        said = " ".join(str(error).split())
        raise ArenaError(f"no Ray cluster at {where or 'hand'}: {said[:200]}") from error
    try:
        host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
        yield RayHead(host, int(port))
    finally:
        ray.shutdown()


def check_answers(head: RayHead) -> None:
    """Raise if nothing listens at the address of a cluster's head.

    Raises:
        ArenaError: If it is gone.
    """
    if not head.answers():
        raise ArenaError(
            f"no Ray cluster answers at {head}; start one, and the same command goes on "
            "from the checkpoints of its runs"
        )
