"""What a bench leaves behind: its results, its table and its curves."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.report.columns import to_columns
from arlarena_bench.report.metrics import FILE, find_metrics, write_csv
from arlarena_bench.report.render import render
from arlarena_bench.report.result import RESULTS_SCHEMA, FinishedRun, find_runs
from arlarena_bench.report.table import Table, build_tables


def write_report(
    folder: Path, command_of: Callable[[Sequence[FinishedRun]], str]
) -> tuple[Table | None, str, list[str]]:
    """Write results, table, metrics and curves of every finished run in a bench's folder.

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
    tables = build_tables(runs)
    if len(tables) > 1:
        raise ArenaError(
            f"{folder} holds runs made under different conditions "
            f"({' | '.join(str(table.any_result.conditions) for table in tables)}); "
            "bench into another folder, or remove the runs that do not belong"
        )
    table = tables[0]
    write_whole(folder / "results.json", results_json(table, command))
    write_whole(folder / "table.md", render(table, command) + "\n")
    metrics, damaged = find_metrics(folder)
    write_csv(metrics, folder / FILE)
    draw_curves(folder, folder / "curves")
    return table, command, problems + damaged


def results_json(table: Table, command: str) -> str:
    """Return everything a table is made of as JSON, a result a line; the same runs, the same bytes.

    The episodes of a result are columns: `{"task_id": [...], "reward": [...], ...}`.

    CPU minutes, which no two machines share, lie apart under `timing`.
    """
    results = [run.result.model_dump(mode="json", by_alias=True) for run in table.runs]
    for result in results:
        result["episodes"] = to_columns(result["episodes"])
    timing = {
        f"{run.result.label}/seed-{run.result.seed}": run.cpu_minutes
        for run in table.runs
        if run.cpu_minutes is not None
    }
    lines = ",\n".join(_compact(result) for result in results)
    return (
        f'{{"command": {_compact(command)},\n'
        f'"results": [\n{lines}\n],\n'
        f'"schema": {RESULTS_SCHEMA},\n'
        f'"timing": {_compact(timing)}}}\n'
    )


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


def _compact(data: Any) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False)
