"""Runs by a Ray cluster of this machine's: workers are killed, and so is its head."""

import io
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from runs import TINY
from started_runs import LONG, free, gone, jobs, logged, steps, until

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.bench import run_bench
from arlarena_bench.harness.launcher import launcher_named
from arlarena_bench.harness.plan import Job

ray = pytest.importorskip("ray", reason="`make verl` installs it")
pytestmark = [pytest.mark.verl, pytest.mark.usefixtures("own_cache")]

NEW = ("address=local",)
SHORT = (*TINY, "train.iterations=6")


def processes() -> Iterator[tuple[int, int, list[str]]]:
    """Yield each process with its parent and its command."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        yield int(folder.name), parent, command


def worker_of(job: Job) -> int | None:
    """The worker that has a run, None if none has it now."""
    return next((parent for _, parent, cmd in processes() if str(job.folder) in cmd), None)


def test_runs_lose_their_workers_and_end_as_they_do_here(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here, there = jobs(tmp_path / "here", SHORT, 2), jobs(tmp_path / "there", SHORT, 2)
    assert run_bench(here, 2, Console(file=io.StringIO())) == []
    killed: list[int] = []

    def kill() -> None:
        for job in random.Random(0).sample(there, len(there)):
            until(lambda job=job: logged(job) > 1 and worker_of(job) is not None)
            if (worker := worker_of(job)) is not None:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    killer = threading.Thread(target=kill)
    killer.start()
    out = io.StringIO()
    assert run_bench(there, 0, Console(file=out), launcher_named("ray", NEW)) == []
    killer.join()
    assert len(killed) == 2
    assert capfd.readouterr().out == ""
    for ours, theirs in zip(there, here, strict=True):
        for name in ("metrics.jsonl", "recipe.yaml", "model/model.safetensors"):
            assert (ours.folder / name).read_bytes() == (theirs.folder / name).read_bytes(), name
        assert steps(ours) == list(range(7))


def test_what_goes_on_when_a_bench_is_left_ends(tmp_path: Path) -> None:
    (job,) = jobs(tmp_path, LONG)
    with launcher_named("ray", NEW)() as runs:
        assert runs.at_once >= 1
        run = runs.start(job)
        until(lambda: logged(job) > 1)
        assert run.poll() is None
    until(lambda: free(job))


def test_a_cluster_that_is_gone_is_one_line(tmp_path: Path) -> None:
    (job,) = jobs(tmp_path, LONG)
    command = [sys.executable, "-P", "-m", "arlarena_bench", "bench", "--method", "grpo"]
    command += ["--seeds", "1", "--out", str(tmp_path), "--launcher", "ray"]
    command += [word for setting in LONG for word in ("--set", setting)]
    command += ["--launcher-set", "address=local"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as bench:
        until(lambda: logged(job) > 1)
        heads = [pid for pid, _, cmd in processes() if cmd[0].endswith("gcs_server")
                 and _started_by(pid, bench.pid)]  # fmt: skip
        assert len(heads) == 1
        os.kill(heads[0], signal.SIGKILL)
        _, said = bench.communicate(timeout=120)
    assert bench.returncode == 2
    assert "Traceback" not in said
    assert "; start one, and the same command goes on" in said.splitlines()[-1]
    until(lambda: gone(heads[0]))
    until(lambda: free(job))


def _started_by(pid: int, ancestor: int) -> bool:
    parents = {child: parent for child, parent, _ in processes()}
    while pid in parents:
        if pid == ancestor:
            return True
        pid = parents[pid]
    return False


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("adress=local",), "unknown --launcher-set of ray 'adress'; did you mean 'address'?"),
        (("num_cpus=two",), "--launcher-set num_cpus: Input should be a valid number"),
        (("num_cpus=0",), "--launcher-set num_cpus: Input should be greater than 0, got 0"),
        (("address=127.0.0.1:1",), "no Ray cluster answers at 127.0.0.1:1"),
    ],
)
def test_settings_that_cannot_be(settings: tuple[str, ...], said: str) -> None:
    with pytest.raises(ArenaError) as error, launcher_named("ray", settings)():
        pass
    assert said in str(error.value)
