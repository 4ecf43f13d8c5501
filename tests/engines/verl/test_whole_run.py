"""A run on verl, two ranks and Ray on CPUs, interrupted and gone on with: the local engine's."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file
from signpost import ID, signpost_recipe

from arlarena_bench.engines.engine import Cluster, engine_named
from arlarena_bench.engines.verl.cpu_switch import ON_CPU
from arlarena_bench.engines.verl.requirement import require_verl
from arlarena_bench.record import RESULT_FILE, Result, read_result
from arlarena_bench.training.run import read_metrics

pytestmark = pytest.mark.verl

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
PAUSE = 2
SAMPLER = ("kl", "gap_max", "chi2", "ess", "truncated", "ratio_max")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("local") / "run"
    return folder, engine_named("local").train(RECIPE, folder)


@pytest.fixture(scope="module")
def on_verl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Result]]:
    require_verl()
    folder = tmp_path_factory.mktemp("verl") / "run"
    engine = engine_named("verl", Cluster(gpus=2))
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(dir="/tmp") as short:
        for name, value in ON_CPU.items():
            patch.setenv(name, value)
        # Ray's sockets lie in it, and their names may not be long.
        patch.setenv("RAY_TMPDIR", short)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        patch.delenv("RAY_ADDRESS", raising=False)
        engine.train_until(RECIPE, folder, PAUSE)
        assert not (folder / RESULT_FILE).exists()
        yield folder, engine.train(RECIPE, folder, resume=True)


def test_each_step_is_the_local_engines(
    local: tuple[Path, Result], on_verl: tuple[Path, Result]
) -> None:
    expected, found = read_metrics(local[0]), read_metrics(on_verl[0])
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


def test_the_same_files_with_the_same_result(
    local: tuple[Path, Result], on_verl: tuple[Path, Result]
) -> None:
    (folder, expected), (place, found) = local, on_verl
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


def test_the_policy_is_the_local_engines(
    local: tuple[Path, Result], on_verl: tuple[Path, Result]
) -> None:
    expected, found = (
        load_file(folder / "model" / "model.safetensors") for folder, _ in (local, on_verl)
    )
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert (found[name] - tensor).abs().max() < 1e-3, name


def test_a_finished_run_is_not_made_again(on_verl: tuple[Path, Result]) -> None:
    folder, result = on_verl
    assert engine_named("verl").train(RECIPE, folder, resume=True) == result
