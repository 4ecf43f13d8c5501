from collections.abc import Iterator
from pathlib import Path

import pytest

from arlarena_bench import load_recipe
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.start import start_policy

# Heads as narrow as vLLM's attention takes on a CPU, cloned no longer than to answer in form.
VALUES = {
    "model.heads": 2,
    "model.key_value_heads": 1,
    "model.head_dim": 32,
    "start.frozen": None,
    "cloning.episodes": 150,
    "cloning.batch_size": 64,
    "cloning.clean_steps": 120,
    "cloning.learning_rate": 1e-2,
    "cloning.warmup": 10,
    "cloning.noisy_steps": 0,
    "train.iterations": 3,
    "train.groups": 4,
    "train.group_size": 4,
    "train.minibatches": 2,
    "train.learning_rate": 1e-3,
    "train.warmup": 1,
    "train.entropy_coef": 0.05,  # so that rewards alike are learnt from, too
    "train.checkpoint_every": 1,
    "evaluation.every": 2,
    "evaluation.validation_tasks": 8,
    "evaluation.test_tasks": 8,
}


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARLARENA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def sokoban() -> Recipe:
    """The nano tier's Sokoban, of a model that vLLM can play."""
    return load_recipe("nano", "sokoban").with_values(VALUES)


@pytest.fixture(scope="session")
def start(_own_cache: None, sokoban: Recipe) -> Path:
    return start_policy(sokoban)
