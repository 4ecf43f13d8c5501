"""Runs as jobs of Slurm, by submitit."""

import shutil
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.launcher import OPTION, Launcher, Runs, remote
from arlarena_bench.harness.plan import Job
from arlarena_bench.harness.remote_run import RemoteRun
from arlarena_bench.needed import needed

with needed("pip install 'arlarena-bench[slurm]'"):
    import submitit
    from submitit.core.utils import FailedJobError, UncompletedJobError

FOLDER = ".slurm"  # beside the runs of an environment: what submitit keeps of its jobs
AT_ONCE = 32
# A job whose time is over goes back to the queue, and goes on from its checkpoint.
DEFAULTS = {"timeout_min": 240, "cpus_per_task": 1, "mem_gb": 4}
REQUEUED = 100


class SlurmRun(submitit.helpers.Checkpointable):
    """A run that goes back to the queue when its job's time is over, or it has to make room."""

    def __init__(self, run: RemoteRun) -> None:
        self._run = run

    def __call__(self) -> int:
        """Run it, and return its exit code."""
        return self._run()


class SlurmJob:
    """A run that was submitted."""

    def __init__(self, run: RemoteRun, job: "submitit.Job[int]") -> None:
        self._run = run
        self._job = job
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal's number; None while it waits or runs."""
        if self._code is None and self._job.done():
            try:
                self._code = self._job.result()
            except (FailedJobError, UncompletedJobError) as error:
                self._run.say(f"error: job {self._job.job_id}: {str(error).splitlines()[0]}")
                self._code = 1
        return self._code

    def cancel(self) -> None:
        """Take it out of the queue, or end it."""
        if self.poll() is None:
            self._job.cancel(check=False)


def launcher(settings: Mapping[str, Any]) -> Launcher:
    """Return the launcher of jobs.

    Args:
        settings: `cluster` (`slurm`, or `local` for processes here, to try it) and what submitit's
            `AutoExecutor.update_parameters` takes, as `slurm_partition` or `timeout_min`.

    Raises:
        ArenaError: If there is no Slurm here.
    """
    values = dict(settings)
    cluster = values.pop("cluster", "slurm")
    if cluster not in ("slurm", "local"):
        raise ArenaError(f"{OPTION} cluster={cluster}: is slurm, or local to try it without")
    if cluster == "slurm" and shutil.which("sbatch") is None:
        raise ArenaError(
            f"no Slurm here: there is no sbatch; run this where jobs are submitted, or try it with "
            f"{OPTION} cluster=local"
        )
    return partial(_jobs, cluster, {**DEFAULTS, **values})


@contextmanager
def _jobs(cluster: str, values: Mapping[str, Any]) -> Iterator[Runs]:
    executors: dict[Path, submitit.AutoExecutor] = {}
    jobs: list[SlurmJob] = []

    def started(job: Job) -> SlurmJob:
        run = remote(job)
        folder = (job.folder.parent.parent / FOLDER).absolute()
        if folder not in executors:
            executors[folder] = _executor(folder, cluster, values)
        executors[folder].update_parameters(name=f"arlarena {job.name}")
        try:
            with _heeding_interrupts():
                jobs.append(SlurmJob(run, executors[folder].submit(SlurmRun(run))))
        except FailedJobError as error:
            said = str(error).strip().splitlines()[-1]
            raise ArenaError(f"{job.name} could not be submitted: {said}") from error
        return jobs[-1]

    try:
        yield Runs(started, AT_ONCE)
    finally:
        for job in jobs:
            with suppress(OSError):
                job.cancel()


@contextmanager
def _heeding_interrupts() -> Iterator[None]:
    """Have processes that start meanwhile end on SIGINT, by which those of `local` are cancelled.

    A shell's background job ignores it, and whatever it starts would as well.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if not ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _executor(folder: Path, cluster: str, values: Mapping[str, Any]) -> submitit.AutoExecutor:
    most = {"slurm_max_num_timeout": REQUEUED, "local_max_num_timeout": REQUEUED}
    try:
        executor = submitit.AutoExecutor(folder, cluster=cluster, **most)
    except RuntimeError as error:
        raise ArenaError(f"submitit cannot use this Slurm: {error}") from error
    try:
        executor.update_parameters(**values)
    except (NameError, TypeError, ValueError, AssertionError) as error:
        raise ArenaError(f"{OPTION}: submitit does not take this: {error}") from error
    return executor
