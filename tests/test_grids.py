"""The published grids: what each table says follows from results with every reply beside it."""

from functools import cache
from pathlib import Path

import pytest

from arlarena_bench import installed
from arlarena_bench.record import RESULT_FILE, check, read_result
from arlarena_bench.report.finding import FinishedRun, find_runs
from arlarena_bench.report.overview import command_of_table
from arlarena_bench.report.render import render
from arlarena_bench.report.table import REFERENCES, Table, build_tables
from arlarena_bench.training.rollout import Arena

ROOT = Path(__file__).parents[1]
LEADERBOARD = ROOT / "leaderboard"
GRIDS = sorted({path.parents[2] for path in LEADERBOARD.glob(f"*/*/*/*/{RESULT_FILE}")})
IDS = [grid.relative_to(LEADERBOARD).as_posix() for grid in GRIDS]
README_COLUMNS = [
    "method",
    "success %",
    "95 % interval",
    "worst seed %",
    "Δ GRPO",
    "ended below start",
    "collapsed",
    "reply tokens",
]


@cache
def published(grid: Path) -> list[FinishedRun]:
    runs, problems = find_runs(grid)
    assert problems == []
    return runs


@cache
def table_of(grid: Path) -> Table:
    (table,) = build_tables(published(grid))
    return table


def test_grids_are_published() -> None:
    assert "nano/sokoban" in IDS


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_the_table_follows_from_the_results(grid: Path) -> None:
    table = table_of(grid)
    text = (grid / "table.md").read_text(encoding="utf-8")
    assert text == render(table, command_of_table(table)) + "\n"


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_every_row_has_every_seed_and_the_references_stand_first(grid: Path) -> None:
    table = table_of(grid)
    assert tuple(row.method for row in table.rows[: len(REFERENCES)]) == REFERENCES
    trained = [row for row in table.rows if row.kind != "reference"]
    assert len({row.seeds for row in trained}) == 1
    assert trained[0].seeds == tuple(range(len(trained[0].seeds)))


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_results_are_of_the_presets_starts_and_panels_in_this_repository(grid: Path) -> None:
    recipe = installed.load_recipe(grid.parent.name, grid.name)
    panel = Arena(recipe).game.tasks.panel("test")
    for run in published(grid):
        result = run.result
        assert result.panel.digest == panel.digest
        assert not result.incomparable
        if result.policy.kind == "trained":
            expected = recipe.for_run(result.label, result.seed)
            assert result.recipe.digest() == expected.digest()
            assert result.start is not None
            assert result.start.set == recipe.start.frozen


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_scores_follow_from_the_replies(grid: Path) -> None:
    recipe = installed.load_recipe(grid.parent.name, grid.name)
    panel = Arena(recipe).game.tasks.panel("test")
    first = next(run for run in published(grid) if run.result.policy.kind == "trained")
    result = read_result(first.source)
    assert all(episode.turns for score in result.scores.values() for episode in score.episodes)
    assert check(result, panel) == []


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_the_readme_shows_what_is_published(grid: Path) -> None:
    """A page shows some rows of a grid, each as it is."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown, _ = render(table_of(grid), "", columns=README_COLUMNS).split("\n\n", 1)
    _, marked, rest = readme.partition(
        f"<!-- grid:{grid.relative_to(LEADERBOARD).as_posix()} -->\n"
    )
    if marked:
        block = rest.partition("\n<!-- /grid -->")[0]
        cells = {tuple(map(str.strip, line.split("|"))) for line in shown.splitlines()}
        for line in block.splitlines()[:1] + block.splitlines()[2:]:
            assert tuple(map(str.strip, line.split("|"))) in cells
