"""A recipe becomes a command of verl's."""

from pathlib import Path
from typing import Any

import pytest
from relay import relay_recipe
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.engines.engine import Cluster
from arlarena_bench.engines.verl.command import Launch
from arlarena_bench.engines.verl.cpu_switch import VARIABLE
from arlarena_bench.engines.verl.overrides import words
from arlarena_bench.engines.verl.row_lengths import RowLengths, row_lengths
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.rollout import Arena

LENGTHS = RowLengths(100, 20)


def launch(recipe: Recipe, lengths: RowLengths = LENGTHS, **more: Any) -> Launch:
    folder, steps = Path("/runs/one"), recipe.train.iterations
    return Launch(recipe, folder, "/models/start", Cluster(2, 8), lengths, steps, **more)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("sampo", "sampo"),
        ("1", '"1"'),
        ("null", '"null"'),
        ("", '""'),
        ("/a/b-c.d", "/a/b-c.d"),
        ("it's 5", '"it\'s 5"'),
        (Path("/with space"), '"/with space"'),
        (None, "null"),
        (True, "true"),
        ({"a": 1e-08, "b": [0.9, "x y"]}, '{a: 1e-08, b: [0.9, "x y"]}'),
        ({}, "{}"),
    ],
)
def test_values_are_written_as_hydra_reads_them(value: Any, written: str) -> None:
    assert words({"key": value}) == [f"key={written}"]


def test_what_a_recipe_says_is_in_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    recipe = signpost_recipe(**{"train.groups": 6, "train.group_size": 5, "seed": 3})
    found = launch(recipe).overrides()
    expected = {
        "trainer.nnodes": 2,
        "trainer.n_gpus_per_node": 8,
        "trainer.total_training_steps": recipe.train.iterations,
        "trainer.resume_mode": "disable",
        "trainer.val_before_train": True,
        "data.train_batch_size": 6,
        "actor_rollout_ref.rollout.n": 5,
        "actor_rollout_ref.rollout.name": "vllm",
        "actor_rollout_ref.rollout.max_model_len": 120,
        "+actor_rollout_ref.actor.policy_loss.method": "grpo",
        "actor_rollout_ref.model.path": "/models/start",
        "+data.arlarena": Path("/runs/one/recipe.yaml"),
    }
    assert found | expected == found
    assert not [key for key in found if "num_gpus" in key or "external_lib" in key]


def test_a_run_goes_on_from_the_checkpoint_that_is_named() -> None:
    place = Path("/runs/one/verl/global_step_4")
    found = launch(signpost_recipe(), checkpoint=place, validated=True).overrides()
    assert found["trainer.resume_mode"] == "resume_path"
    assert found["trainer.resume_from_path"] == place
    assert found["trainer.val_before_train"] is False


def test_a_micro_batch_takes_the_longest_row() -> None:
    recipe = signpost_recipe(**{"train.micro_batch_tokens": 60})
    key = "actor_rollout_ref.actor.ppo_max_token_len_per_gpu"
    assert launch(recipe, RowLengths(30, 20)).overrides()[key] == 60
    assert launch(recipe, RowLengths(300, 20)).overrides()[key] == 320


def test_without_accelerators_gpus_are_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    found = launch(signpost_recipe()).overrides()
    assert found["+ray_kwargs.ray_init.num_gpus"] == 8
    assert found["actor_rollout_ref.rollout.name"] == "arlarena_cpu"
    assert found["actor_rollout_ref.actor.fsdp_config.dtype"] == "float32"


def test_the_recipe_bounds_rows_of_turns() -> None:
    recipe = signpost_recipe(**{"protocol.chat.max_prompt_tokens": 64})
    game = Arena(recipe).game
    assert row_lengths(recipe, game, None) == RowLengths(64, recipe.train.max_new_tokens)


@pytest.mark.parametrize("recipe", [signpost_recipe(), relay_recipe()], ids=["turns", "relay"])
def test_without_a_bound_the_model_has_to_be_known(recipe: Recipe) -> None:
    with pytest.raises(
        ArenaError, match=r"set protocol\.chat\.max_prompt_tokens, or have the model"
    ):
        row_lengths(recipe, Arena(recipe).game, None)
