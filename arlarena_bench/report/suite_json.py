"""A suite as data for other programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from arlarena_bench.report.overall import THRESHOLDS, overall, targets_of
from arlarena_bench.report.render import bench_command
from arlarena_bench.report.suite import Suite, SuiteRow


def suite_json(suite: Suite, commands: Sequence[str]) -> dict[str, Any]:
    """Return the suite, what its runs say together, and the table of each environment."""
    return {
        "suite": suite.preset,
        "decoder": suite.any_result.headline,
        "commands": list(commands),
        "environments": list(suite.tables),
        "rows": [_row(row) for row in suite.rows],
        "unfit": [
            {"method": method, "environment": environment, "reason": reason}
            for (method, environment), reason in suite.unfit.items()
        ],
        "untested": suite.untested,
        "overall": {
            "thresholds": THRESHOLDS,
            "targets": targets_of(suite),
            "rows": [] if suite.of_models else [asdict(found) for found in overall(suite)],
        },
        "tables": {
            name: table.to_json(bench_command(table)) for name, table in suite.tables.items()
        },
    }


def _row(row: SuiteRow) -> dict[str, Any]:
    shown = ("success", "success_interval", "seeds")
    cells = {
        name: None if cell is None else {field: getattr(cell, field) for field in shown}
        for name, cell in row.cells.items()
    }
    return {**asdict(row), "cells": cells, "environments": row.environments}
