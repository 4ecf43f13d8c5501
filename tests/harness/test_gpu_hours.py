from pathlib import Path

import pytest

from arlarena_bench.harness.gpu_hours import estimate, estimate_text, gpu_model
from arlarena_bench.harness.reproducing import Asked, benches, wanted
from arlarena_bench.report.reproduction import reproduction


def test_hours_follow_from_tokens_and_operations() -> None:
    model = gpu_model()
    rows = 200 * 16 * 8 * 30
    tokens = {"prompt": rows * 1200, "reply": rows * 150}
    operations = 4e9 * (
        10 * sum(tokens.values()) / 0.4 + 2 * tokens["prompt"] / 0.4 + 2 * tokens["reply"] / 0.03
    )
    grpo = model.hours("ALFWorld", "table3", "grpo")
    assert grpo == pytest.approx(1.5 * operations / 9.89e14 / 3600)
    assert model.hours("ALFWorld", "tableS2", "grpo") == pytest.approx(8.2 / 4 * grpo)
    assert grpo < model.hours("ALFWorld", "table3", "sampo") < 2 * grpo


def test_the_model_is_within_a_factor_of_three_of_the_papers_own_hours() -> None:
    model = gpu_model()
    assert set(model.environments) == set(reproduction().tiers["paper"].environments)
    for name, load in model.environments.items():
        ratio = model.hours(name, "table3", "grpo") / (load.paper_hours * load.gpus)
        assert 1 / 3 < ratio < 3, name


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
    assert "--set train.minibatch_rows=1024" in lines[2]
    found = estimate(asked, known, cells)
    assert found["runs"] == {"ALFWorld": 16}
    hours = gpu_model().hours("ALFWorld", "table4", "cispo")
    assert found["hours"]["ALFWorld"] == pytest.approx(16 * hours)
    text = estimate_text(found)
    assert f"{16 * hours:,.0f}" in text
    assert "989 TFLOP/s" in text
    assert "WebShop" not in text
