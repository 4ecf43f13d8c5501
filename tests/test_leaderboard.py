"""What is published can be recomputed, and was made as the recipes say."""

import json
from functools import cache
from pathlib import Path

import pytest

from arlarena_bench import installed
from arlarena_bench.recipe import Recipe, read_recipe
from arlarena_bench.report.finding import FinishedRun, find_runs, stored_command
from arlarena_bench.report.metrics import find_metrics, seen_to_collapse
from arlarena_bench.report.render import render
from arlarena_bench.report.table import Table, build_tables
from arlarena_bench.training.rollout import Arena

ROOT = Path(__file__).parents[1]
BENCHES = sorted(path.parent for path in (ROOT / "leaderboard").rglob("results.json"))
IDS = [bench.relative_to(ROOT / "leaderboard").as_posix() for bench in BENCHES]
# Tables whose recipes have been replaced since; theirs lie beside them.
FORMER = "noisy-starts"
SEEDS = [0, 1, 2, 3, 4]
# Tables made on a panel that has been replaced since: their README says so beside each.
FORMER_PANELS = {
    f"{FORMER}/nano/webshop_mini": (
        "b6fa457c6e7003e1da7c84e72657a3e42db290632cecd2e31c6ea1c97e1d1edc"
    )
}


def recipe_of(bench: Path) -> Recipe:
    preset, environment = bench.parent.name, bench.name
    if bench.parents[1].name != FORMER:
        return installed.load_recipe(preset, environment)
    return read_recipe(bench.parents[1] / "recipes" / f"{preset}.{environment}.yaml")


@cache
def published(bench: Path) -> tuple[list[FinishedRun], list[str]]:
    return find_runs(bench)


@cache
def table_of(bench: Path) -> Table:
    (table,) = build_tables(published(bench)[0])
    return table


def test_both_presets_are_published() -> None:
    assert {f"{FORMER}/nano/sokoban", f"{FORMER}/nano-stress/sokoban"} <= set(IDS)


def test_older_tables_are_found_beside_newer_ones() -> None:
    found = {run.source for run in find_runs(ROOT / "leaderboard")[0]}
    assert found > {bench / "results.json" for bench in BENCHES}


@pytest.mark.parametrize("bench", BENCHES, ids=IDS)
def test_the_table_follows_from_the_results(bench: Path) -> None:
    runs, problems = published(bench)
    assert problems == []
    command = stored_command(runs[0])
    assert command is not None
    text = (bench / "table.md").read_text(encoding="utf-8")
    assert text == render(table_of(bench), command) + "\n"


@pytest.mark.parametrize("preset", ["nano", "nano-stress"])
def test_every_reference_method_has_every_seed(preset: str) -> None:
    table = table_of(ROOT / "leaderboard" / FORMER / preset / "sokoban")
    ours = {row.method: list(row.seeds) for row in table.rows}
    assert ours == dict.fromkeys(ours, SEEDS)
    assert set(ours) >= set(installed.method_names())


@pytest.mark.parametrize("bench", BENCHES, ids=IDS)
def test_no_seed_of_a_table_is_missing_for_one_of_its_methods(bench: Path) -> None:
    table = table_of(bench)
    assert len({row.seeds for row in table.rows}) == 1
    assert len(table.rows[0].seeds) >= 3


@pytest.mark.parametrize("bench", BENCHES, ids=IDS)
def test_results_are_of_the_recipes_and_panels_in_this_repository(bench: Path) -> None:
    recipe = recipe_of(bench)
    panel = Arena(recipe).game.tasks.panel("test")
    name = bench.relative_to(ROOT / "leaderboard").as_posix()
    digest = FORMER_PANELS.get(name, panel.digest)
    assert name not in FORMER_PANELS or digest != panel.digest, "its panel is today's"
    for run in published(bench)[0]:
        result = run.result
        expected = recipe.for_run(result.recipe.method.name, result.seed)
        assert result.recipe.digest() == expected.digest()
        assert (result.panel.name, result.panel.digest) == (panel.name, digest)
        assert not result.incomparable
        assert [episode.task_id for episode in result.main.episodes] == list(panel.task_ids)


def test_tables_of_former_panels_are_marked() -> None:
    readme = (ROOT / "leaderboard" / FORMER / "README.md").read_text(encoding="utf-8")
    for name, digest in FORMER_PANELS.items():
        _, found, entry = readme.partition(f"**{name}**")
        assert found
        assert f"former panel, SHA-256 `{digest[:12]}`" in " ".join(entry[:600].split())


@pytest.mark.parametrize("bench", BENCHES, ids=IDS)
def test_collapses_can_be_detected_again(bench: Path) -> None:
    metrics, _ = find_metrics(bench)
    for run in published(bench)[0]:
        result = run.result
        assert result.training is not None
        seen = seen_to_collapse(metrics[result.label][result.seed], "step")
        step = result.training.collapse_step
        assert seen == (step, result.training.steps), (result.label, result.seed)


@pytest.mark.parametrize("preset", ["nano", "nano-stress"])
def test_tuned_values_are_what_the_grid_chose(preset: str) -> None:
    bench = ROOT / "leaderboard" / FORMER / preset / "sokoban"
    recipe = recipe_of(bench)
    judgement = json.loads((bench / "tuning.json").read_text(encoding="utf-8"))
    tuned = {name: values.model_dump() for name, values in recipe.methods.items()}
    assert tuned == judgement["chosen"]
    assert judgement["seed"] == recipe.tuning.seed
    assert judgement["seed"] not in SEEDS
    tried = {
        name: [{"options": row["options"], "train": row["train"]} for row in rows]
        for name, rows in judgement["tried"].items()
    }
    grid = {name: [p.model_dump() for p in points] for name, points in recipe.tuning.grid.items()}
    assert tried == grid


# What the page shows of a table, by `arlarena table FOLDER --format github --columns ...`.
README_COLUMNS = [
    "method",
    "success %",
    "95 % interval",
    "worst seed %",
    "Δ GRPO",
    "p (Holm)",
    "collapsed",
    "CPU min",
]


@pytest.mark.parametrize("bench", BENCHES, ids=IDS)
def test_their_readme_shows_the_published_tables(bench: Path) -> None:
    readme = (ROOT / "leaderboard" / FORMER / "README.md").read_text(encoding="utf-8")
    shown, _ = render(table_of(bench), "", columns=README_COLUMNS).split("\n\n", 1)
    marker = bench.parent.name if bench.name == "sokoban" else bench.name
    assert f"<!-- table:{marker} -->\n{shown}\n<!-- /table -->" in readme
