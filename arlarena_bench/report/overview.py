"""All that a folder holds: a suite for each preset of several environments, and single tables."""

import os
from collections.abc import Sequence
from typing import Any

from arlarena_bench.report.finding import stored_command
from arlarena_bench.report.layout import DATA, comment
from arlarena_bench.report.render import bench_command, render
from arlarena_bench.report.suite import Suite, suite_facts
from arlarena_bench.report.suite_json import suite_json
from arlarena_bench.report.suite_text import render_suite, suite_commands
from arlarena_bench.report.table import Table

Block = Suite | Table


def render_overview(
    blocks: Sequence[Block],
    form: str = "github",
    columns: Sequence[str] | None = None,
    full: bool = True,
) -> str:
    """Return suites and tables as text, between two of them the reason why they are two.

    Args:
        blocks: What to write.
        form: `"csv"` or any format of the package `tabulate`.
        columns: Which columns to write; if None those that say something.
        full: Whether to write all of these, and below a suite the table of each environment;
            otherwise what fits on a screen, except for programs.

    Raises:
        ArenaError: If the format or a column is unknown.
    """
    brief = not full and form not in DATA
    parts: list[str] = []
    for number, block in enumerate(blocks):
        if number and form not in DATA:
            reason = _why_apart(blocks[number - 1], block)
            parts.append(comment(f"Not joined with the table above: {reason}.", form))
        if isinstance(block, Table):
            parts.append(render(block, command_of_table(block), form, columns, brief))
            continue
        parts.append(render_suite(block, suite_commands(block), form, columns, brief))
        if full and columns is None:
            parts += [render(t, command_of_table(t), form) for t in block.tables.values()]
    if not full and columns is None and form == "simple":
        parts.append(_hint(blocks))
    return "\n\n".join(filter(None, parts))


def overview_json(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """Return suites and tables as JSON data."""
    return [
        block.to_json(command_of_table(block))
        if isinstance(block, Table)
        else suite_json(block, suite_commands(block))
        for block in blocks
    ]


def command_of_table(table: Table) -> str:
    """Return the bench that makes a table, as it was recorded, or as its results tell."""
    return stored_command(table.runs[0]) or bench_command(table)


def _why_apart(above: Block, below: Block) -> str:
    if isinstance(above, Table) and isinstance(below, Table):
        return above.why_not_joined(below)
    ours, theirs = suite_facts(above.any_result), suite_facts(below.any_result)
    name = next(name for name in ours if ours[name] != theirs[name])
    return f"{name} is {ours[name] or 'none'} there and {theirs[name] or 'none'} here"


def _hint(blocks: Sequence[Block]) -> str:
    """Return how to see more."""
    suite = next((block for block in blocks if isinstance(block, Suite)), None)
    if suite is None:
        return "" if all(block.of_models for block in blocks) else "--full has every column."
    one = next(iter(suite.tables.values()))
    place = os.path.commonpath([run.source.parent for run in one.runs])
    return f"One environment: arlarena table {place}; --full has every column of each."
