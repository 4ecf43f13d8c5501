"""Runs by submitit, in its processes on this machine: Slurm itself is not here."""

import os
import signal
from pathlib import Path

import pytest
from runs import TINY
from started_runs import LONG, children, ended, free, jobs, logged, steps, until

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.forks import forks
from arlarena_bench.harness.launcher import launcher_named
from arlarena_bench.harness.slurm_launcher import FOLDER, SlurmJob

pytestmark = pytest.mark.usefixtures("own_cache")
HERE = ("cluster=local", "timeout_min=60")


def test_a_job_gives_what_a_process_here_gives(tmp_path: Path) -> None:
    (here,), (there,) = jobs(tmp_path / "here", TINY), jobs(tmp_path / "there", TINY)
    with forks() as start:
        assert ended(start(here)) == 0
    with launcher_named("slurm", HERE)() as runs:
        assert runs.at_once > 1
        assert ended(runs.start(there)) == 0
    for name in ("metrics.jsonl", "recipe.yaml", "model/model.safetensors"):
        assert (there.folder / name).read_bytes() == (here.folder / name).read_bytes(), name
    first, *_, last = there.log.read_text().splitlines()
    assert first.startswith("$ ")
    assert last.startswith("success ")
    assert (there.folder.parent.parent / FOLDER).is_dir()


def test_a_job_that_must_make_room_goes_on_and_ends_with_the_bench(tmp_path: Path) -> None:
    (job,) = jobs(tmp_path, LONG)
    with launcher_named("slurm", HERE)() as runs:
        run = runs.start(job)
        assert isinstance(run, SlurmJob)
        until(lambda: logged(job) > 1)
        (task,) = children(int(run._job.job_id))
        os.kill(task, signal.SIGUSR2)  # as Slurm does when a job's time is over
        before = logged(job)
        until(lambda: logged(job) > before + 2)
        assert run.poll() is None
    assert len(set(steps(job))) == len(steps(job)) < 500
    kept = job.folder.parent.parent / FOLDER
    assert "Requeued" in "".join(path.read_text() for path in kept.glob("*_log.*"))
    until(lambda: free(job))


def test_what_a_job_dies_of_stands_in_its_log(tmp_path: Path) -> None:
    (job,) = jobs(tmp_path, LONG)
    with launcher_named("slurm", HERE)() as runs:
        run = runs.start(job)
        assert isinstance(run, SlurmJob)
        until(lambda: logged(job) > 1)
        run.cancel()
        assert ended(run) == 1
    assert job.log.read_text().splitlines()[-1].startswith("error: job ")
    until(lambda: free(job))


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("slrum", (), "unknown launcher 'slrum'; did you mean 'slurm'?"),
        ("slurm", (), "no Slurm here"),
        ("slurm", ("cluster=k8s",), "--launcher-set cluster=k8s: is slurm, or local"),
        ("slurm", ("cluster",), "--launcher-set cluster: write a key and a value"),
        ("local", ("jobs=3",), "--launcher-set jobs: the launcher 'local' has no settings"),
    ],
)
def test_what_a_launcher_does_not_take(
    name: str, settings: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ArenaError) as error:
        launcher_named(name, settings)
    assert said in str(error.value)


def test_what_submitit_does_not_take(tmp_path: Path) -> None:
    (job,) = jobs(tmp_path, TINY)
    with (
        pytest.raises(ArenaError, match=r"submitit does not take this: .*slurm_colour"),
        launcher_named("slurm", (*HERE, "slurm_colour=red"))() as runs,
    ):
        runs.start(job)


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        (("sbatch",), 'submitit cannot use this Slurm: Could not detect "srun"'),
        (("sbatch", "srun"), "grpo seed 0 could not be submitted: .*invalid partition"),
    ],
)
def test_what_slurm_refuses(
    programs: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = jobs(tmp_path / "out", TINY)
    for program in programs:
        path = tmp_path / program
        path.write_text(
            "#!/bin/sh\necho sbatch: error: invalid partition specified: cpu >&2\nexit 1\n"
        )
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ArenaError, match=said), launcher_named("slurm")() as runs:
        runs.start(job)
