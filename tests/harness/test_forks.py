"""Runs of the fork server: the same as processes of their own, and never left behind."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import TINY
from started_runs import LONG, children, ended, gone, jobs, logged, until

from arlarena_bench.harness.forks import ForkServer, forks
from arlarena_bench.harness.processes import interpreters

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARLARENA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def test_a_fork_gives_what_a_process_of_its_own_gives(tmp_path: Path) -> None:
    (apart,), forked = jobs(tmp_path / "apart", TINY), jobs(tmp_path / "forked", TINY, 2)
    with interpreters() as start:
        assert ended(start(apart)) == 0
    with forks() as start:
        assert [ended(run) for run in [start(job) for job in forked]] == [0, 0]
    for name in ("metrics.jsonl", "recipe.yaml", "model/model.safetensors"):
        assert (forked[0].folder / name).read_bytes() == (apart.folder / name).read_bytes(), name
    for job in (apart, *forked):
        first, *_, last = job.log.read_text().splitlines()
        assert first.endswith(f"-m arlarena_bench train --tied {' '.join(job.arguments)}")
        assert last.startswith("success ")
        assert last.endswith(str(job.folder))


def test_a_run_that_fails_fails_alone(tmp_path: Path) -> None:
    good, broken = jobs(tmp_path, TINY, 2)
    broken.folder.mkdir(parents=True)
    (broken.folder / "recipe.yaml").write_text("garbage")
    with forks() as start:
        assert [ended(run) for run in [start(broken), start(good)]] == [2, 0]
    assert "recipe.yaml" in broken.log.read_text().splitlines()[-1]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_a_killed_run_says_by_what_and_closing_ends_the_others(tmp_path: Path) -> None:
    killed, other = jobs(tmp_path, LONG, 2)
    server = ForkServer(killed.log)
    runs = [server.start(killed)]
    until(lambda: logged(killed) > 1)
    (first,) = children(server._process.pid)
    runs.append(server.start(other))
    until(lambda: logged(other) > 1)
    (second,) = set(children(server._process.pid)) - {first}

    os.kill(first, signal.SIGKILL)
    assert ended(runs[0]) == -signal.SIGKILL
    assert runs[1].poll() is None
    server.close()
    assert gone(second)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_the_server_has_no_threads_and_its_runs_end_with_it(tmp_path: Path) -> None:
    (job,) = jobs(tmp_path, LONG)
    server = ForkServer(job.log)
    pid = server._process.pid
    run = server.start(job)
    until(lambda: logged(job) > 1)
    assert len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    (child,) = children(pid)
    os.kill(pid, signal.SIGKILL)
    assert ended(run) == -signal.SIGKILL
    assert not server.alive
    until(lambda: gone(child))
    assert ended(server.start(job)) == -signal.SIGKILL
    server.close()
