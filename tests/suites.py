"""Finished runs in several environments, made up as in `runs`."""

from pathlib import Path
from typing import Any

from runs import Outcome, recipe_of, result_of, solving, write_run

from arlarena_bench.record import FailureRecord, write_failure
from arlarena_bench.report.finding import find_failed, find_runs
from arlarena_bench.report.suite import Suite, SuiteRow, group_by_suite
from arlarena_bench.report.table import Table, build_tables

SHOP, MATHS = "webshop_mini", "tir_math_mini"


def write_seeds(folder: Path, method: str, environment: str, *solved: int, **changes: Any) -> None:
    """A run a seed, of which each solves so many of 20 tasks."""
    for seed, number in enumerate(solved):
        start = {"start": f"{seed}" * 64, "start_set": "a" * 64}
        outcomes: list[Outcome] = solving(number, of=20)
        changed = {**start, **changes}
        result = result_of(method, seed, outcomes, environment=environment, **changed)
        write_run(folder / environment, result)


def write_failures(folder: Path, method: str, environment: str, *seeds: int) -> None:
    """A run that failed, for each seed."""
    for seed in seeds:
        recipe = recipe_of("nano", environment, 20).for_run(method, seed)
        failure = FailureRecord(recipe=recipe, reason="killed by SIGKILL", command="arlarena train")
        write_failure(folder / environment / method / f"seed-{seed}", failure)


def blocks_of(folder: Path) -> list[Suite | Table]:
    return group_by_suite(build_tables(find_runs(folder)[0], find_failed(folder)[0]))


def suite_of(folder: Path) -> Suite:
    (suite,) = blocks_of(folder)
    assert isinstance(suite, Suite)
    return suite


def row_of(suite: Suite, method: str) -> SuiteRow:
    return next(row for row in suite.rows if row.method == method)
