from pathlib import Path

import pytest
from tiny_models import write_model

from arlarena_bench import ArenaError, installed, load_recipe
from arlarena_bench.harness.dry_run import DryRun, Machine
from arlarena_bench.harness.gpu_memory import GIB
from arlarena_bench.harness.plan import RunRequest
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import check_method

ENVIRONMENTS = ("alfworld", "webshop", "sokoban", "tir_math")
NODE = Machine(gpus=8, memory=80)


def paper(environment: str, method: str = "grpo", **values: object) -> Recipe:
    found = load_recipe("paper", environment).for_run(method, 0)
    return found.with_values({name.replace("__", "."): value for name, value in values.items()})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_papers_runs_are_planned_without_their_weights(environment: str) -> None:
    planned = DryRun(paper(environment), NODE)
    assert planned.sizes.parameters == 4_022_468_096  # Qwen3-4B
    planned.check_fits()
    text = planned.text()
    assert "0 would lose their middle" in text
    assert f"paper.{environment}, grpo" in text
    assert "GPU-hours" in text


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_method_has_a_recipe_of_the_paper(environment: str) -> None:
    arena = Arena(load_recipe("paper", environment))
    refused = set()
    for name in installed.method_names():
        recipe = paper(environment, name)
        try:
            check_method(installed.method(name, **recipe.method.options), recipe, arena)
        except ArenaError:
            refused.add(name)
    # Of whom Table 3 has no numbers in mathematics either.
    assert refused == ({"dapo_gigpo", "gigpo", "sampo"} if "math" in environment else set())


def test_table_s1_is_in_the_recipes() -> None:
    shop, math = paper("webshop", "gspo"), paper("tir_math", "cispo")
    assert shop.method.options == {"clip_low": 0.03, "clip_high": 0.04}
    assert math.method.options == {"clip_high": 0.28}
    assert (math.train.groups, math.train.group_size, math.train.max_new_tokens) == (512, 5, 4096)
    assert (shop.train.minibatch_rows, shop.protocol.chat.max_prompt_tokens) == (128, 4096)
    assert paper("sokoban").evaluation.scored()["paper"].temperature == 0.7


def test_what_does_not_fit_is_refused_with_the_largest_part() -> None:
    planned = DryRun(paper("sokoban"), Machine(gpus=1, memory=40))
    with pytest.raises(ArenaError, match=r"learning needs \d+ GiB .*45 of them for optimiser"):
        planned.check_fits()


def test_memory_follows_from_the_model() -> None:
    one = DryRun(paper("sokoban"), Machine(1, 80)).held["learning"]
    two = DryRun(paper("sokoban"), Machine(2, 80)).held["learning"]
    size = 4_022_468_096
    assert one["optimiser, float32"] == 12 * size == 2 * two["optimiser, float32"]
    assert one["weights"] == one["reference policy"] == 2 * size
    # Measured on an H200, docs/models.md: 7.5, 7.5 and 45.3 GiB, and 25.7 at the peak of an update.
    peak = sum(one[name] for name in ("gradients", "their sums, float32", "activations"))
    assert peak / GIB == pytest.approx(25.7, rel=0.05)
    assert sum(one.values()) / GIB == pytest.approx(86.1, rel=0.05)
    assert two["their sums, float32"] == 0
    lora = paper("sokoban", start__checkpoint__lora={"rank": 16})
    adapted = DryRun(lora, Machine(1, 80)).held["learning"]
    assert adapted["reference policy"] == 0
    # 16 (2·(2560 + 4096) + 2·(2560 + 1024) + 3·(2560 + 9728)) in 36 layers.
    assert adapted["gradients"] == 2 * 36 * 16 * (13_312 + 7_168 + 36_864)
    assert sum(adapted.values()) / GIB < 15
    assert adapted["their sums, float32"] == 0


def test_a_folder_has_its_own_configuration_and_tokenizer(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "LlamaForCausalLM")
    planned = DryRun(paper("sokoban", start__checkpoint__ref=str(folder)), Machine(1, 80))
    assert "its own files" in planned.text()
    assert planned.prompts.counted == "by its tokenizer and chat template"


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (lambda: load_recipe("nano", "sokoban").for_run("grpo", 0), "begins from no checkpoint"),
        (lambda: paper("sokoban", start__checkpoint__ref="some/model"), "tells no architecture"),
        (lambda: paper("tir_math", "gigpo"), "whole conversation"),
    ],
)
def test_what_cannot_be_planned_gets_a_line(recipe, said: str) -> None:
    with pytest.raises(ArenaError, match=said):
        DryRun(recipe(), NODE)


def test_a_recipe_is_named_by_preset_and_environment(tmp_path: Path) -> None:
    asked = RunRequest.of("nano", Path("paper.alfworld"), "sokoban", "sampo", None)
    assert asked.recipe().name == "paper"
    assert asked.recipe().environment.name == "alfworld"
    with pytest.raises(ArenaError, match="cannot read recipe"):
        RunRequest.of("nano", tmp_path / "absent.yaml", "sokoban", None, None).recipe()
