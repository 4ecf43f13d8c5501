"""A run on verl, two ranks and Ray on CPUs, paused, struck and gone on with: the local engine's."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from safetensors.torch import load_file
from verl_faults import RECIPE, Ended, gone_on_with, killing, on_cpus

from arlarena_bench.engines.engine import Cluster, engine_named
from arlarena_bench.engines.verl.requirement import require_verl
from arlarena_bench.record import RESULT_FILE, Result, read_result
from arlarena_bench.training.run import read_metrics

pytestmark = pytest.mark.verl

SAMPLER = ("kl", "gap_max", "chi2", "ess", "truncated", "ratio_max")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("local") / "run"
    return folder, engine_named("local").train(RECIPE, folder)


class OnVerl(NamedTuple):
    """The run: its folder, what was said when a rank was killed, and the result."""

    folder: Path
    killed: Ended
    result: Result


@pytest.fixture(scope="module")
def on_verl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnVerl]:
    require_verl()
    folder = tmp_path_factory.mktemp("verl") / "run"
    engine = engine_named("verl", Cluster(gpus=2))
    with on_cpus():
        engine.train_until(RECIPE, folder, 1)
        assert not (folder / RESULT_FILE).exists()
        killed = gone_on_with(folder, killing("WorkerDict"))
        yield OnVerl(folder, killed, engine.train(RECIPE, folder, resume=True))


def test_a_rank_that_is_killed_ends_it_with_one_line(on_verl: OnVerl) -> None:
    assert on_verl.killed.code == 2
    (line,) = on_verl.killed.said
    assert line.startswith("error: verl: ")  # by the dead rank, or by the one that it left
    assert line.endswith(f"log says more: {on_verl.folder}/verl/log.txt; --resume goes on\n")


def test_each_step_is_the_local_engines(local: tuple[Path, Result], on_verl: OnVerl) -> None:
    expected, found = read_metrics(local[0]), read_metrics(on_verl.folder)
    assert list(found) == list(expected) == [0, 1, 2, 3]
    for step, metrics in expected.items():
        # In single precision the ranks add up in another order. Rows whose entropy is the median
        # may so change from one half to the other.
        names = [name for name in metrics if not name.startswith("kl_share/")]
        close = {name: pytest.approx(metrics[name], abs=1e-3) for name in names}
        assert {name: found[step][name] for name in names} == close
    own = found[3].keys() - expected[3].keys()
    assert own == {f"sampler/{name}" for name in SAMPLER}
    assert found[3]["sampler/kl"] == pytest.approx(0.0, abs=1e-6)


def test_the_same_files_with_the_same_result(local: tuple[Path, Result], on_verl: OnVerl) -> None:
    (folder, expected), (place, _, found) = local, on_verl
    files = {path.name for path in folder.iterdir()} - {"checkpoints"}
    assert files | {"verl"} == {path.name for path in place.iterdir()}
    assert read_result(place / RESULT_FILE) == found
    assert found.cost.model_copy(update={"cpu_seconds": None}) == expected.cost.model_copy(
        update={"cpu_seconds": None}
    )
    assert found.start == expected.start
    assert found.panel == expected.panel
    assert list(found.scores) == list(expected.scores)
    for name, score in expected.scores.items():
        assert [e.success for e in found.scores[name].episodes] == [
            e.success for e in score.episodes
        ]


def test_the_policy_is_the_local_engines(local: tuple[Path, Result], on_verl: OnVerl) -> None:
    expected, found = (
        load_file(folder / "model" / "model.safetensors") for folder in (local[0], on_verl.folder)
    )
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert (found[name] - tensor).abs().max() < 1e-3, name


def test_a_finished_run_is_not_made_again(on_verl: OnVerl) -> None:
    folder, _, result = on_verl
    assert engine_named("verl").train(RECIPE, folder, resume=True) == result
