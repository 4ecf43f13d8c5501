from pathlib import Path

import pytest
from suites import SHOP, suite_of, write_seeds

from arlarena_bench.record import CostRecord
from arlarena_bench.report.overall import Overall, overall, targets_of
from arlarena_bench.statistics import interquartile_mean

ENVIRONMENTS = ("sokoban", SHOP)
# Evaluated at steps 0, 25 and 50.
STEPS = tuple(float(step) for step in range(51))


def curve(*values: float, tokens: int = 5000) -> dict[str, object]:
    """Training that samples so many tokens in all, evenly, and validates to these values."""
    at = dict(zip((0, 25, 50), values, strict=True))
    validation = tuple(at.get(step) for step in range(51))
    spent = tuple(tokens * step / STEPS[-1] for step in STEPS)
    metrics = {"step": STEPS, "cost/tokens": spent, "validation/success": validation}
    return {"training": {"metrics": metrics}, "cost": CostRecord(reply_tokens=tokens)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for environment in ENVIRONMENTS:
        write_seeds(tmp_path, "cloned", environment, 2, kind="start")
        write_seeds(tmp_path, "expert", environment, 18, kind="scripted")
        write_seeds(tmp_path, "grpo", environment, 8, 9, 10, **curve(0.1, 0.5, 0.6))
    return tmp_path


def of(folder: Path, method: str) -> Overall:
    return next(found for found in overall(suite_of(folder)) if found.method == method)


def test_the_target_is_half_the_way_from_start_to_expert(folder: Path) -> None:
    assert targets_of(suite_of(folder)) == dict.fromkeys(ENVIRONMENTS, pytest.approx(0.5))
    found = of(folder, "grpo")
    assert (found.reached, found.runs) == (6, 6)
    assert (found.steps_to_target, found.tokens_to_target) == (0.5, 0.5)


def test_runs_that_never_get_there_count_as_never(folder: Path) -> None:
    for environment in ENVIRONMENTS:
        write_seeds(folder, "gspo", environment, 9, 9, 9, **curve(0.1, 0.2, 0.3))
    write_seeds(folder, "gspo", SHOP, 9, 9, **curve(0.1, 0.2, 0.9))
    found = of(folder, "gspo")
    assert (found.reached, found.runs) == (2, 6)
    assert (found.steps_to_target, found.tokens_to_target) == (None, None)
    write_seeds(folder, "gspo", "sokoban", 9, 9, **curve(0.1, 0.2, 0.9))
    found = of(folder, "gspo")
    assert (found.reached, found.steps_to_target) == (4, 1.0)


def test_tokens_are_measured_by_what_the_baseline_samples(folder: Path) -> None:
    for environment in ENVIRONMENTS:
        spent = curve(0.1, 0.5, 0.6, tokens=8000)
        write_seeds(folder, "dapo_grpo", environment, 9, 9, 9, **spent)
    found = of(folder, "dapo_grpo")
    assert found.steps_to_target == 0.5
    assert found.tokens_to_target == 0.8  # 4,000 tokens, where GRPO samples 5,000 in all


def test_without_start_and_expert_there_is_no_target(tmp_path: Path) -> None:
    for environment in ENVIRONMENTS:
        write_seeds(tmp_path, "grpo", environment, 8, 9, 10)
    assert targets_of(suite_of(tmp_path)) == {}
    found = of(tmp_path, "grpo")
    assert (found.reached, found.steps_to_target, found.tokens_to_target) == (None, None, None)


def test_scores_are_pooled_over_all_runs(tmp_path: Path) -> None:
    write_seeds(tmp_path, "grpo", "sokoban", 4, 5)
    write_seeds(tmp_path, "grpo", SHOP, 12, 18, 18)
    found = of(tmp_path, "grpo")
    assert found.iqm == interquartile_mean([0.2, 0.25, 0.6, 0.9, 0.9])
    # Above 20 %: 1 of 2 and 3 of 3; above 80 %: none and 2 of 3; environments count alike.
    assert (found.profile[1], found.profile[7]) == (pytest.approx(0.75), pytest.approx(1 / 3))
