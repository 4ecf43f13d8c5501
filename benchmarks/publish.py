"""Publish the first seeds of a bench: results with every reply, their table, curves, README's rows.

Run in a checkout with `python -m benchmarks.publish runs/bench/nano/sokoban --seeds 6`; the bench
may still be running. `leaderboard/<preset>/<environment>/` is made anew. Each block of the READMEs
between `<!-- grid:<preset>/<environment> -->` and `<!-- /grid -->` keeps its rows and columns, and
gets the new cells.
"""

import argparse
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.references import SCRIPTS, write_references
from arlarena_bench.record import RESULT_FILE
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.overview import command_of_table
from arlarena_bench.report.render import render
from arlarena_bench.report.table import Table, build_tables
from arlarena_bench.report.writing import write_report

ROOT = Path(__file__).parents[1]
LEADERBOARD = ROOT / "leaderboard"
PAGES = (ROOT / "README.md", LEADERBOARD / "README.md")


def copy_results(bench: Path, folder: Path, seeds: int) -> None:
    """Copy the results of every method's first seeds, and of the scripts that have played.

    Raises:
        ArenaError: If a method that was started lacks one of them, or there is no result at all.
    """
    methods = sorted({path.parents[1] for path in bench.glob(f"*/seed-*/{RESULT_FILE}")})
    if not methods:
        raise ArenaError(f"{bench} holds no finished run; give <preset>/<environment> of a bench")
    for method in methods:
        for seed in range(seeds):
            source = method / f"seed-{seed}" / RESULT_FILE
            if method.name == "start" and not source.is_file():
                continue  # played below
            if not source.is_file():
                raise ArenaError(f"{method.name} has not finished seed {seed} in {bench}")
            copy(source, folder / source.relative_to(bench))
    for script in SCRIPTS:
        if (source := bench / script / RESULT_FILE).is_file():
            copy(source, folder / script / RESULT_FILE)


def copy(source: Path, target: Path) -> None:
    """Copy a file into a folder that need not be there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def command_of_runs(runs: Sequence[FinishedRun]) -> str:
    """Return the bench that makes the only table of these runs."""
    return command_of_table(build_tables(runs)[0])


def refresh(page: Path, grid: str, table: Table) -> None:
    """Write a grid's newest cells into the rows that a page shows of it."""

    def block(found: re.Match[str]) -> str:
        head, _, *rows = found[2].strip().splitlines()
        columns = [cell.strip() for cell in head.strip("|").split("|")]
        lines, _ = render(table, "", columns=columns).split("\n\n", 1)
        by_method = {line.split("|")[1].strip(): line for line in lines.splitlines()[2:]}
        kept = [by_method[row.split("|")[1].strip()] for row in rows]
        return "\n".join([found[1], *lines.splitlines()[:2], *kept, found[3]])

    text = page.read_text(encoding="utf-8")
    pattern = rf"(<!-- grid:{re.escape(grid)} -->)\n(.*?)\n(<!-- /grid -->)"
    page.write_text(re.sub(pattern, block, text, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    """Publish a bench."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bench", type=Path, help="folder <preset>/<environment> of a bench")
    parser.add_argument("--seeds", type=int, required=True, help="how many, from 0 on")
    asked = parser.parse_args()
    bench = asked.bench.resolve()
    grid = f"{bench.parent.name}/{bench.name}"
    folder = LEADERBOARD.joinpath(bench.parent.name, bench.name)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        copy_results(bench, fresh, asked.seeds)
    except ArenaError as error:
        parser.error(str(error))
    # What was published stays until all seeds of all methods are known to be there.
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    write_references(folder, print)
    table, _, problems = write_report(folder, command_of_runs)
    if table is None or problems:
        raise ArenaError("; ".join(problems) or f"{bench} holds no finished run")
    for page in PAGES:
        refresh(page, grid, table)
    print((folder / "table.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
