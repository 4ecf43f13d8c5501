"""verl accepts what a recipe becomes, and what it does not is one line."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arlarena_bench import ArenaError
from arlarena_bench.cli import app
from arlarena_bench.engines.engine import Cluster
from arlarena_bench.engines.verl.run_on_verl import VerlEngine
from arlarena_bench.engines.verl.settings_check import checked
from arlarena_bench.recipe import read_recipe

pytestmark = pytest.mark.verl

PAPER = Path(__file__).parents[3] / "baselines" / "recipes"


@pytest.mark.parametrize(
    ("environment", "nodes"), [("sokoban", 1), ("sokoban", 2), ("alfworld", 2)]
)
def test_the_papers_runs(environment: str, nodes: int, tmp_path: Path) -> None:
    recipe = read_recipe(PAPER / f"paper.{environment}.yaml").for_run("sampo", 0)
    command = VerlEngine(Cluster(nodes, 8)).planned(recipe, tmp_path)
    words = shlex.split(command.replace("\\\n", ""))
    assert words[1:3] == ["-m", "verl.trainer.main_ppo"]
    assert f"trainer.nnodes={nodes}" in words
    assert recipe.start.checkpoint is not None
    assert f"actor_rollout_ref.model.path={recipe.start.checkpoint.ref}" in words
    assert f"+data.arlarena={tmp_path}/recipe.yaml" in words


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"trainer.nnode": 1}, "Could not override 'trainer.nnode'"),
        ({"actor_rollout_ref.actor.loss_agg_mode": "mean"}, "mean"),
    ],
)
def test_what_verl_refuses_is_one_line(overrides: dict[str, object], said: str) -> None:
    whole = {
        "actor_rollout_ref.rollout.name": "vllm",
        "actor_rollout_ref.actor.use_dynamic_bsz": True,
    }
    with pytest.raises(ArenaError, match="verl refuses its settings") as caught:
        checked(whole | overrides)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_line_prints_it() -> None:
    asked = ["train", "--preset", "paper", "--env", "sokoban", "--method", "sampo"]
    found = CliRunner().invoke(app, [*asked, "--engine", "verl", "--gpus", "8", "--dry-run"])
    assert found.exit_code == 0
    assert "trainer.n_gpus_per_node=8" in found.stdout
