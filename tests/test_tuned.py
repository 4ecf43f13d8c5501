"""What `arlarena tune` chose is published with all it tried, and follows from that."""

import hashlib
import json
import math
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from arlarena_bench import installed
from arlarena_bench.harness.tuning import judgement_table
from arlarena_bench.recipe import Recipe, TunedMethod, read_recipe
from arlarena_bench.training.rollout import Arena

LEADERBOARD = Path(__file__).parents[1] / "leaderboard"
RECORDS = sorted((LEADERBOARD / "tuning").rglob("tuning.json"))
PUBLISHED = pytest.mark.parametrize(
    "path", RECORDS, ids=[record.parent.relative_to(LEADERBOARD).as_posix() for record in RECORDS]
)


def preset_of(path: Path) -> Recipe:
    return installed.load_recipe(path.parts[-3], path.parts[-2])


def read(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def test_a_grid_is_published() -> None:
    assert LEADERBOARD / "tuning/nano/sokoban/tuning.json" in RECORDS


@PUBLISHED
def test_the_grid_is_the_presets(path: Path) -> None:
    record, preset = read(path), preset_of(path)
    tried = {
        method: [{"options": point["options"], "train": point["train"]} for point in points]
        for method, points in record["tried"].items()
    }
    assert tried == {
        method: [point.model_dump() for point in preset.tuning.points(method, preset.train)]
        for method in preset.tuning.grid
        if method not in record.get("left_out", {})
    }
    first, count = preset.tuning.seed, preset.tuning.seeds
    assert record["seeds"] == list(range(first, first + count))
    assert record["panel"] == Arena(preset).game.tasks.panel("validation").digest
    assert record["decoder"] == preset.evaluation.headline


@PUBLISHED
def test_the_choice_follows_from_what_was_tried(path: Path) -> None:
    record, preset = read(path), preset_of(path)
    for method, points in record["tried"].items():
        left = list(range(len(points)))
        for rung, share in enumerate(preset.tuning.rungs):
            every = preset.evaluation.every
            step = math.ceil(share * preset.train.iterations / every) * every
            assert {points[n]["rungs"][rung]["step"] for n in left} == {step}
            success = {n: points[n]["rungs"][rung]["validation_success"] for n in left}
            assert {len(seeds) for seeds in success.values()} == {len(record["seeds"])}
            left = sorted(left, key=lambda n: (-fmean(success[n]), n))
            stopped = left[math.ceil(len(left) / 2) :]
            assert {len(points[n]["rungs"]) for n in stopped} <= {rung + 1}
            left = left[: math.ceil(len(left) / 2)]
        best = points[left[0]]
        assert record["chosen"][method] == {"options": best["options"], "train": best["train"]}
    assert len({cost["iterations"] for cost in record["cost"].values()}) == 1


@PUBLISHED
def test_the_tuned_recipe_names_its_record(path: Path) -> None:
    record, preset = read(path), preset_of(path)
    tuned = read_recipe(path.with_name("tuned.yaml"))
    assert tuned.tuning.record == hashlib.sha256(path.read_bytes()).hexdigest()
    chosen = {m: TunedMethod.model_validate(values) for m, values in record["chosen"].items()}
    tuning = preset.tuning.model_copy(update={"record": tuned.tuning.record})
    methods = {**preset.methods, **chosen}
    changed = {"name": f"{preset.name}-tuned", "methods": methods, "tuning": tuning}
    assert tuned == preset.model_copy(update=changed)


@PUBLISHED
def test_the_page_shows_what_was_tried(path: Path) -> None:
    page = (LEADERBOARD / "tuning" / "README.md").read_text(encoding="utf-8")
    assert judgement_table(read(path)) in page
