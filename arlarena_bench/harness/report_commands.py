"""`arlarena table`, `arlarena reproduce` and `arlarena plot`: what finished runs say."""

from pathlib import Path
from typing import Annotated

import typer

from arlarena_bench.console import (
    Jobs,
    Json,
    LauncherName,
    LauncherSettings,
    Settings,
    interruptible,
    print_json,
    say,
    single_thread,
    stderr,
    warn,
    warn_all,
)
from arlarena_bench.errors import ArenaError


def table(
    folder: Annotated[Path, typer.Argument(help="What a bench has written, or one result.")],
    form: Annotated[
        str, typer.Option("--format", help="simple, github, latex, csv, … (as tabulate has them).")
    ] = "simple",
    columns: Annotated[
        str | None, typer.Option(help="Only these columns, as 'method,success %'.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Every column, and of a suite every environment.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the table of finished runs again; of several environments, their suite."""
    from arlarena_bench.report.finding import find_failed, find_runs
    from arlarena_bench.report.overview import overview_json, render_overview
    from arlarena_bench.report.suite import group_by_suite
    from arlarena_bench.report.table import build_tables, without_table
    from arlarena_bench.submission.joining import with_submitted

    if full and columns:
        raise ArenaError("--full and --columns exclude each other; give one of them")
    published, problems = find_runs(folder)
    runs, submitted = with_submitted(folder, published)
    failed, unreadable = find_failed(folder)
    tables = build_tables(runs, failed)
    for line in submitted:
        say(line, before="submitted: ")
    warn_all(problems + unreadable + without_table(tables, failed))
    blocks = group_by_suite(tables)
    if not blocks:
        raise ArenaError(f"{folder} holds no finished run; `arlarena bench` makes some")
    if as_json:
        print_json(overview_json(blocks))
    else:
        shown = [name.strip() for name in columns.split(",")] if columns else None
        typer.echo(render_overview(blocks, form, shown, full))


def reproduce(
    what: Annotated[
        str, typer.Argument(help="table2 to table5, tableS2, tableS3, stress, claims.")
    ],
    tier: Annotated[str, typer.Option(help="nano, or paper.")] = "nano",
    env: Annotated[
        str | None, typer.Option(help="Environments, separated by commas; else the paper's.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Training seeds a configuration.")] = 6,
    out: Annotated[Path, typer.Option(help="Folder for all runs.")] = Path("runs/reproduce"),
    results: Annotated[
        list[Path] | None,
        typer.Option(
            "--from", help="Also take results below this folder; else the published ones."
        ),
    ] = None,
    collect: Annotated[
        bool, typer.Option("--collect", help="Run nothing; print what there is.")
    ] = False,
    jobs: Jobs = 0,
    launcher: LauncherName = "local",
    launcher_settings: LauncherSettings = None,
    settings: Settings = None,
    form: Annotated[
        str, typer.Option("--format", help="simple, github, latex, csv, … (as tabulate has them).")
    ] = "simple",
    as_json: Json = False,
) -> None:
    """Run what stands for a table of the paper, and print its numbers beside ours."""
    single_thread()
    from arlarena_bench.harness.bench import run_bench
    from arlarena_bench.harness.launcher import launcher_named
    from arlarena_bench.harness.reproducing import PUBLISHED, Asked
    from arlarena_bench.harness.reproduction_report import report, reproduce_all

    launch = launcher_named(launcher, launcher_settings or ())
    environments = tuple(name.strip() for name in (env or "").split(",") if name.strip())
    places = tuple(results or PUBLISHED)
    for place in results or ():
        if not place.is_dir():
            raise ArenaError(f"--from {place}: no such folder")
    asked = Asked(what, tier, environments, seeds, out, places, tuple(settings or ()))
    with interruptible("the same command goes on from here"):
        found = reproduce_all(
            asked,
            None if collect else lambda runs: run_bench(runs, jobs, stderr(), launch),
            say,
        )
    warn_all(found.problems)
    for failure in found.failures:
        warn(f"{failure.name} failed: {failure.reason} (log: {failure.log})")
    text, data = report(found, form)
    if as_json:
        print_json(data)
    else:
        typer.echo(text)
    if found.failures:
        raise typer.Exit(1)


def plot(
    folder: Annotated[Path, typer.Argument(help="What a bench has written.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to, without extension; FOLDER/curves if not given.")
    ] = None,
) -> None:
    """Draw learning curves, survival and diagnostics as PNG and SVG."""
    from arlarena_bench.report.writing import draw_curves

    written, problems = draw_curves(folder, out or folder / "curves")
    warn_all(problems)
    for path in written:
        typer.echo(path)
