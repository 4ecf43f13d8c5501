"""What a bench leaves behind beside its results: its table and its curves."""

from collections.abc import Callable, Sequence
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.report.finding import FinishedRun, find_failed, find_runs
from arlarena_bench.report.metrics import find_metrics
from arlarena_bench.report.overview import Block, render_overview
from arlarena_bench.report.render import render
from arlarena_bench.report.suite import group_by_suite
from arlarena_bench.report.table import Table, build_tables, without_table


def write_report(
    folder: Path, command_of: Callable[[Sequence[FinishedRun]], str]
) -> tuple[Table | None, str, list[str]]:
    """Write table and curves of every finished run in a bench's folder.

    Runs of earlier benches in the folder have the same settings, and are reported with the rest.

    Args:
        folder: The bench's folder.
        command_of: Names the command that makes these runs.

    Returns:
        The table, None if no run is finished; the command that makes it; and a line for each file
        that could not be read.

    Raises:
        ArenaError: If the runs were made under different conditions.
    """
    runs, problems = find_runs(folder)
    if not runs:
        return None, "", problems
    command = command_of(runs)
    failed, unreadable = find_failed(folder)
    tables = build_tables(runs, failed)
    if len(tables) > 1:
        raise ArenaError(
            f"{folder} holds runs that cannot share a table: "
            f"{tables[0].why_not_joined(tables[1])}; bench into another folder, or remove the "
            "runs that do not belong"
        )
    table = tables[0]
    write_whole(folder / "table.md", render(table, command) + "\n")
    _, damaged = draw_curves(folder, folder / "curves")
    return table, command, problems + unreadable + without_table(tables, failed) + damaged


def write_suite(folder: Path, tables: Sequence[Table]) -> list[Block]:
    """Write what a bench over several environments found.

    Args:
        folder: That of its preset.
        tables: One an environment.

    Returns:
        The suite; more where tables cannot be joined, because their decoders differ.
    """
    blocks = group_by_suite(tables)
    write_whole(folder / "table.md", render_overview(blocks) + "\n")
    return blocks


def draw_curves(folder: Path, stem: Path) -> tuple[list[Path], list[str]]:
    """Draw the curves of every run below `folder` into `stem` with `.png` and `.svg` appended.

    Returns:
        The files written, and a line for each metrics file that is damaged.

    Raises:
        ArenaError: If there is nothing to draw, or a file cannot be written.
    """
    from arlarena_bench.report.plot import plot  # matplotlib takes a second

    metrics, problems = find_metrics(folder)
    title = " · ".join(folder.resolve().parts[-2:])
    return plot(metrics, stem, title), problems
