import json
from pathlib import Path

import pytest
from signpost import signpost_recipe
from typer.testing import CliRunner

from arlarena_bench import ArenaError
from arlarena_bench.cli import app
from arlarena_bench.files import JsonLines
from arlarena_bench.harness.tuning import Point, grid_points, judge, judgement_table

GRID = {
    "grpo": [{"train": {"learning_rate": 0.1}}, {"train": {"learning_rate": 0.2}}],
    "gspo": [{"options": {"clip_low": 0.1}}, {"options": {"clip_low": 0.2}}],
}


@pytest.fixture
def points(tmp_path: Path) -> list[Point]:
    recipe = signpost_recipe(**{"tuning.grid": GRID, "tuning.seed": 77})
    path = tmp_path / "tiny.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    return grid_points(str(path), "signpost", tmp_path / "out")


def log(point: Point, successes: dict[int, float]) -> None:
    metrics = JsonLines(point.job.folder / "metrics.jsonl")
    for step in range(7):
        record: dict[str, float] = {"step": step, "success/train": 0.5}
        if step in successes:
            record["validation/success"] = successes[step]
        metrics.append(record)


def test_every_point_is_a_run_with_its_values(points: list[Point]) -> None:
    assert [(p.method, p.number) for p in points] == [
        ("grpo", 0), ("grpo", 1), ("gspo", 0), ("gspo", 1),
    ]  # fmt: skip
    assert [p.job.recipe.train.learning_rate for p in points] == [0.1, 0.2, 0.003, 0.003]
    assert [p.job.recipe.method.options for p in points[2:]] == [
        {"clip_low": 0.1},
        {"clip_low": 0.2},
    ]
    assert {p.job.recipe.seed for p in points} == {77}
    assert len({p.job.folder for p in points}) == 4


def test_the_best_point_by_the_last_two_evaluations_is_chosen(points: list[Point]) -> None:
    log(points[0], {0: 0.9, 3: 0.5, 6: 0.5})  # the start policy's score must not count
    log(points[1], {0: 0.1, 3: 0.4, 6: 0.7})
    log(points[2], {0: 0.1, 3: 0.6, 6: 0.6})
    log(points[3], {0: 0.1, 3: 0.6, 6: 0.6})
    judgement = judge(points)
    assert judgement["chosen"]["grpo"] == {"options": {}, "train": {"learning_rate": 0.2}}
    assert judgement["chosen"]["gspo"] == {"options": {"clip_low": 0.1}, "train": {}}, "a tie"
    assert [row["validation_success"] for row in judgement["tried"]["grpo"]] == [0.5, 0.55]
    text = judgement_table(judgement)
    assert text.count("chosen") == 2
    assert "55.0" in next(line for line in text.splitlines() if "learning_rate 0.2" in line)
    json.dumps(judgement, allow_nan=False)


def test_a_point_that_never_evaluated_scores_nothing(points: list[Point]) -> None:
    for point in points:
        log(point, {0: 0.9})
    assert {r["validation_success"] for r in judge(points)["tried"]["grpo"]} == {0.0}


def test_a_recipe_without_a_grid_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(signpost_recipe().to_yaml(), encoding="utf-8")
    with pytest.raises(ArenaError, match=r"has no tuning.grid"):
        grid_points(str(path), "signpost", tmp_path)
    said = CliRunner().invoke(app, ["tune", "--preset", str(path), "--env", "signpost"])
    assert said.exit_code == 2
    assert "has no tuning.grid" in said.output


def test_an_unfair_grid_is_refused() -> None:
    with pytest.raises(ArenaError, match="every method needs the same number of grid points"):
        signpost_recipe(**{"tuning.grid": {"grpo": [{}], "gspo": [{}, {}]}})
