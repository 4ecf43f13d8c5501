"""Writing a table as text: the columns people see, and what is said below them."""

import csv
import io
from collections.abc import Callable, Sequence

from tabulate import tabulate, tabulate_formats

from arlarena_bench.errors import unknown
from arlarena_bench.report.comparison import BASELINE, in_order, label
from arlarena_bench.report.table import Interval, Row, Table

NONE = "–"
FORMATS = sorted({*tabulate_formats, "csv"})

COLUMNS: dict[str, Callable[[Row], str]] = {
    "method": lambda row: row.method,
    "success %": lambda row: _percent(row.success),
    "IQM %": lambda row: _percent(row.success_iqm),
    "95 % interval": lambda row: _interval(row.success_interval),
    f"Δ {BASELINE.upper()}": lambda row: _difference(row),
    "score": lambda row: f"{row.score:.2f}",
    "score (turns)": lambda row: f"{row.score_turn_weighted:.2f}",
    "collapsed": lambda row: _collapsed(row),
    "KL to start": lambda row: _number(row.kl_reference, "{:.3f}"),
    "format %": lambda row: _percent(row.valid_format),
    "CPU min": lambda row: _number(row.cpu_minutes, "{:.1f}"),
    "seeds": lambda row: str(len(row.seeds)),
}


def render(table: Table, command: str, form: str = "github") -> str:
    """Return the table as text, with its provenance below it.

    Args:
        table: What to write.
        command: What makes it.
        form: `"csv"` or any format of the package `tabulate`, for example `"github"`, `"latex"`.

    Raises:
        ArenaError: If the format is unknown.
    """
    if form not in FORMATS:
        raise unknown("table format", form, FORMATS)
    cells = [[write(row) for write in COLUMNS.values()] for row in table.rows]
    if form == "csv":
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([list(COLUMNS), *cells])
        return buffer.getvalue().rstrip("\n")
    align = ["left"] + ["right"] * (len(COLUMNS) - 1)
    text = tabulate(cells, list(COLUMNS), form, colalign=align, disable_numparse=True)
    return (
        text if form.startswith(("latex", "html", "tsv")) else f"{text}\n\n{footer(table, command)}"
    )


def footer(table: Table, command: str) -> str:
    """Return what the numbers mean and where they came from, one fact a line."""
    shared = table.any_result
    results = [run.result for run in table.runs]
    starts = sorted({r.start_policy[:12] for r in results})
    start_success = sorted({_number(r.training.start_success, "{:.1%}") for r in results})
    commits = sorted({r.commit or "unknown" for r in results})
    lines = [
        f"- {shared.environment}, preset {shared.preset}, panel {shared.panel.name}: "
        f"{shared.panel.tasks} tasks, SHA-256 {shared.panel.digest[:12]}",
        f"- start policy {', '.join(starts)}: success {', '.join(start_success)} (validation)",
        "- success, IQM (interquartile mean) and interval: over training seeds, 95 % percentile "
        f"bootstrap of the mean; Δ {BASELINE.upper()}: points of success, paired by seed",
        "- score: mean return of an episode; score (turns): weighted by turns, as the paper does",
        f"- version {', '.join(sorted({r.version for r in results}))}, commit {', '.join(commits)}",
        f"- made by `{command}`",
    ]
    if shared.conditions:
        told = ", ".join(f"{name} {value}" for name, value in sorted(shared.conditions.items()))
        lines.append(f"- conditions: {told}")
    if shared.incomparable:
        lines.append(f"- NOT FOR THE LEADERBOARD: {shared.incomparable}")
    if len(starts) > 1:
        lines.append("- WARNING: the runs began from different start policies")
    return "\n".join(lines)


def bench_command(table: Table) -> str:
    """Return the bench that makes this table, as far as its results tell."""
    shared = table.any_result
    methods = {}
    for run in table.runs:
        # Of a file, only its stem is kept.
        suffix = ".py" if run.result.method_source else ""
        methods[label(run.result.method)] = run.result.method + suffix
    seeds = max(run.result.seed for run in table.runs) + 1
    return bench_line(
        shared.preset, shared.environment_name, [methods[m] for m in in_order(methods)], seeds
    )


def bench_line(
    preset: str, environment: str, methods: Sequence[str], seeds: int, settings: Sequence[str] = ()
) -> str:
    """Return the command line of a bench."""
    line = (
        f"arlarena bench --preset {preset} --env {environment} "
        f"--method {','.join(methods)} --seeds {seeds}"
    )
    return line + "".join(f" --set {setting}" for setting in settings)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else form.format(value)


def _interval(interval: Interval, form: str = "{:.1f}") -> str:
    if interval is None:
        return NONE
    return "[" + ", ".join(form.format(100 * bound) for bound in interval) + "]"


def _difference(row: Row) -> str:
    if row.difference is None:
        return NONE
    text = f"{100 * row.difference:+.1f}"
    interval = _interval(row.difference_interval, "{:+.1f}")
    return text if interval == NONE else f"{text} {interval}"


def _collapsed(row: Row) -> str:
    text = f"{row.collapsed}/{len(row.seeds)}"
    if row.collapse_step is None:
        return text
    return f"{text}, step {row.collapse_step}: {row.collapse_cause or 'unknown'}"
