from dataclasses import replace
from pathlib import Path

import pytest

from arlarena_bench import load_recipe
from arlarena_bench.harness.gpu_hours import estimate, estimate_text, gpu_model
from arlarena_bench.harness.reproducing import Asked, benches, programme, wanted
from arlarena_bench.recipe import Recipe
from arlarena_bench.report.reproduction import reproduction

TIER = reproduction().tiers["paper"]


def recipe_of(short: str, method: str) -> Recipe:
    return load_recipe("paper", short).for_run(method, seed=0)


def test_hours_follow_from_tokens_and_operations() -> None:
    model = gpu_model()
    rows = 200 * 16 * 8 * 30
    tokens = {"prompt": rows * 1200, "reply": rows * 150}
    operations = 4e9 * (
        10 * sum(tokens.values()) / 0.32 + 2 * tokens["prompt"] / 0.4 + 2 * tokens["reply"] / 0.03
    )
    recipe = recipe_of("alfworld", "grpo")
    grpo = model.hours(recipe, "table3")
    assert grpo == pytest.approx(1.5 * operations / 9.89e14 / 3600)
    assert model.hours(recipe, "tableS2") == pytest.approx(8.2 / 4 * grpo)
    assert grpo < model.hours(recipe_of("alfworld", "sampo"), "table3") < 2 * grpo
    half = recipe.with_values({"train.iterations": 100})
    assert model.hours(half, "table3") == pytest.approx(grpo / 2)


def test_the_model_is_within_a_factor_of_three_of_the_papers_own_hours() -> None:
    model = gpu_model()
    assert set(model.environments) == set(TIER.environments)
    for name, assumed in model.environments.items():
        hours = model.hours(recipe_of(TIER.environments[name], "grpo"), "table3")
        assert 1 / 3 < hours / (assumed.paper_hours * assumed.gpus) < 3, name


def test_the_paper_tier_is_said_as_commands_with_its_cost() -> None:
    known = reproduction()
    asked = Asked("table4", "paper", (), 2, Path("runs"), settings=("train.iterations=5",))
    cells = wanted(asked, known)
    lines = [bench.line(asked.seeds) for bench in benches(asked, known, cells)]
    assert lines[0] == (
        "arlarena bench --preset paper --env alfworld --method cispo,cispo_sm,sapo,sapo_sm "
        "--seeds 2 --set train.iterations=5 --out runs"
    )
    assert lines[1].endswith("--set train.kl_coef=0.05 --out runs/kl_coef=0.05")
    # Four times the rows of a minibatch, where the preset says how many it has.
    assert lines[2].endswith("--set train.minibatch_rows=1024 --out runs/minibatch_rows=1024")
    found = estimate(programme(asked, known, cells))
    assert found["runs"] == {"ALFWorld": 16}
    five = recipe_of("alfworld", "cispo").with_values({"train.iterations": 5})
    hours = gpu_model().hours(five, "table4")
    assert found["hours"]["ALFWorld"] == pytest.approx(16 * hours)
    text = estimate_text(found)
    assert f"{16 * hours:,.0f}" in text
    assert "989 TFLOP/s" in text
    assert "WebShop" not in text


def test_more_groups_in_more_minibatches_leave_a_minibatchs_rows_as_they_are() -> None:
    asked = Asked("table5", "paper", (), 1, Path("runs"))
    known = reproduction()
    settings = [bench.settings for bench in benches(asked, known, wanted(asked, known))]
    assert settings == [
        (),
        ("train.groups=32", "train.iterations=100"),
        ("train.groups=64", "train.iterations=50"),
    ]


def test_every_experiment_and_claim_of_the_paper_tier_has_its_runs() -> None:
    known = reproduction()
    asked = Asked("claims", "paper", (), 1, Path("runs"))
    everything = [name for name, each in known.experiments.items() if each.tiers is None]
    for what in ("claims", *everything):
        cells = wanted(replace(asked, what=what), known)
        planned = programme(replace(asked, what=what), known, cells)
        assert planned.jobs.keys() | planned.unfit.keys() == set(cells)
        assert {cell.short for cell in planned.unfit} <= {"tir_math"}
        models = {jobs[0].recipe.start.checkpoint.ref for jobs in planned.jobs.values()}
        assert all("Qwen3" in model for model in models)
        if what == "tableS2":
            assert models == {"Qwen/Qwen3-8B"}


def test_runs_that_two_tables_share_are_counted_once() -> None:
    known = reproduction()
    asked = Asked("table3", "paper", (), 1, Path("runs"))
    both = [*wanted(asked, known), *wanted(replace(asked, what="tableS3"), known)]
    assert estimate(programme(asked, known, both))["runs"] == {
        "ALFWorld": 13, "WebShop": 13, "Sokoban": 13, "TIR Math": 10,
    }  # fmt: skip
