"""What may befall a run on verl, one after the other, until it ends as if nothing had."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from verl_faults import FILLER, RECIPE, fill, gone_on_with, killing, on_cpus, small_disk

from arlarena_bench.engines.engine import Cluster, Engine, engine_named
from arlarena_bench.training.run import read_metrics

pytestmark = [pytest.mark.verl, pytest.mark.faults]

# Each fault comes behind a step that no checkpoint has, which is then made anew.
PAUSE = 2
STRUCK = RECIPE.with_values({"train.iterations": 4, "train.checkpoint_every": PAUSE})
# Ray's own: head, dashboard, client server, agent of the dashboard.
PORTS = (6379, 8265, 10001, 52365)
DISK = "64m"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with on_cpus():
        yield engine_named("verl", Cluster(gpus=2))


@pytest.fixture(scope="module")
def folder(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run that was paused while all ports were taken, on a disk of its own where there is one."""
    disk = tmp_path_factory.mktemp("disk")
    with small_disk(disk, DISK):
        with ExitStack() as taken:
            for port in PORTS:
                listener = taken.enter_context(socket.socket())
                with suppress(OSError):  # somebody else has it, which is as good
                    listener.bind(("127.0.0.1", port))
                    listener.listen()
            engine.train_until(STRUCK, disk / "run", PAUSE)
        yield disk / "run"


def test_the_disk_is_full(folder: Path) -> None:
    if not folder.parent.is_mount():
        pytest.skip("a small disk cannot be mounted here")
    ended = gone_on_with(folder, fill)
    (folder / FILLER).unlink()
    assert ended.code == 2
    (line,) = ended.said
    assert line.startswith("error: ")
    assert line.endswith(f"the disk of {folder}/verl is full\n")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (killing("SamplerServer"), "an episode of task"),
        (killing("TaskRunner"), "verl ended with code 1 (ray.exceptions.ActorDiedError"),
        (killing("verl.trainer.main_ppo"), "verl was killed by SIGKILL"),
        # Last: Ray notices it a minute later, and may have made all steps by then.
        (killing("gcs_server"), "verl"),
    ],
    ids=["rollout server", "trainer", "driver", "Ray's head"],
)
def test_a_process_is_killed(folder: Path, fault: Callable[[int, Path], None], said: str) -> None:
    ended = gone_on_with(folder, fault)
    assert ended.code == 2
    (line,) = ended.said
    assert line.startswith(f"error: {said}")


def test_the_run_ends_as_if_nothing_had_befallen_it(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    expected = engine_named("local").train(STRUCK, tmp_path / "local")
    found = engine.train(STRUCK, folder, resume=True)
    assert list(read_metrics(folder)) == list(range(STRUCK.train.iterations + 1))
    logged = (folder / "metrics.jsonl").read_text().splitlines()
    assert len(logged) == STRUCK.train.iterations + 1
    assert found.cost.model_copy(update={"cpu_seconds": None}) == expected.cost.model_copy(
        update={"cpu_seconds": None}
    )
    assert found.main.summary == expected.main.summary
    assert len(list((folder / "verl").glob("global_step_*"))) <= 4
