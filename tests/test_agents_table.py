"""The published table of models and scripts: whole panels, every reply beside it."""

from functools import cache
from pathlib import Path

import pytest

from arlarena_bench import installed
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.record import RESULT_FILE, Result, check, read_result
from arlarena_bench.report.finding import find_runs
from arlarena_bench.report.overview import render_overview
from arlarena_bench.report.suite import Suite, group_by_suite
from arlarena_bench.report.table import build_tables
from arlarena_bench.submission.replaying import first_difference
from arlarena_bench.training.rollout import Arena

FOLDER = Path(__file__).parents[1] / "leaderboard" / "eval"
ENVIRONMENTS = ("alfworld", "sokoban", "tir_math", "webshop")
MODEL = "smollm2-135m-instruct"
POLICIES = ("expert", "random", "null", MODEL)
REPLAYED = 8


@cache
def result_of(environment: str, policy: str) -> Result:
    return read_result(FOLDER / environment / policy / RESULT_FILE)


def test_the_table_follows_from_the_results() -> None:
    runs, problems = find_runs(FOLDER)
    assert problems == []
    blocks = group_by_suite(build_tables(runs))
    (suite,) = blocks
    assert isinstance(suite, Suite)
    text = (FOLDER / "table.md").read_text(encoding="utf-8")
    assert text == render_overview(blocks) + "\n"
    assert tuple(suite.tables) == ENVIRONMENTS
    for table in suite.tables.values():
        assert {row.method for row in table.rows} == set(POLICIES)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_played_the_whole_panel_and_scores_follow_from_replies(environment: str) -> None:
    panel = Arena(installed.load_recipe("eval", environment)).game.tasks.panel("test")
    for policy in POLICIES:
        result = result_of(environment, policy)
        assert result.panel.digest == panel.digest
        assert result.panel.tasks == len(panel.task_ids)
        assert check(result, panel) == []


@pytest.mark.parametrize("policy", [MODEL, "random"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_replies_lead_to_what_is_recorded(environment: str, policy: str) -> None:
    result = result_of(environment, policy)
    game = make_environment(result.recipe)
    try:
        faults = [first_difference(game, told) for told in result.main.episodes[:REPLAYED]]
    finally:
        game.close()
    assert faults == [None] * REPLAYED


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_model_says_what_computed_it_and_departs_where_its_context_ends(
    environment: str,
) -> None:
    result = result_of(environment, MODEL)
    assert result.provenance.accelerator == "NVIDIA H200"
    assert result.provenance.packages["vllm"] == "0.26.0"
    changed = {
        "start": result.recipe.start,
        "sampler": result.recipe.sampler,
        "method": result.recipe.method,
    }
    expected = installed.load_recipe("eval", environment).model_copy(update=changed)
    if environment == "tir_math":  # five replies of 4,096 are more than it can read
        expected = expected.with_values({"train.max_new_tokens": 768})
    assert result.recipe.model_dump() == expected.model_dump()
