"""Writing a table as text: the columns people see, and what is said below them."""

import csv
import io
from collections.abc import Callable, Sequence

from tabulate import tabulate, tabulate_formats

from arlarena_bench.errors import unknown
from arlarena_bench.report.comparison import BASELINE, in_order
from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL, LEAST_FOR_RANK
from arlarena_bench.report.result import Result
from arlarena_bench.report.table import Interval, Row, Table
from arlarena_bench.statistics import PANEL_CLAIM, TASKS_CLAIM, Difference

NONE = "–"
FORMATS = sorted({*tabulate_formats, "csv"})

BELOW_START = "ended below start"  # shown where a start's score on the panel is known
DELTA = f"Δ {BASELINE.upper()}"
COLUMNS: dict[str, Callable[[Row], str]] = {
    "method": lambda row: row.method,
    "success %": lambda row: _percent(row.success),
    "IQM %": lambda row: _percent(row.success_iqm),
    "95 % interval": lambda row: _interval(row.success_interval),
    "worst seed %": lambda row: _percent(row.worst_seed),
    DELTA: lambda row: _difference(row),
    "p (Holm)": lambda row: _p(row),
    "Δ, tasks like these": lambda row: _tasks(row),
    "rank": lambda row: row.rank or "unranked",
    "score": lambda row: f"{row.score:.2f}",
    "score (turns)": lambda row: f"{row.score_turn_weighted:.2f}",
    BELOW_START: lambda row: _of_seeds(row, row.ended_below_start),
    "collapsed": lambda row: _collapsed(row),
    "collapse rate %": lambda row: _interval(row.collapse_interval),
    "KL to start": lambda row: _number(row.kl_reference, "{:.3f}"),
    "format %": lambda row: _percent(row.valid_format),
    "CPU min": lambda row: _number(row.cpu_minutes, "{:.1f}"),
    "seeds": lambda row: str(len(row.seeds)),
}


def render(
    table: Table, command: str, form: str = "github", columns: Sequence[str] | None = None
) -> str:
    """Return the table as text, with its provenance below it.

    Args:
        table: What to write.
        command: What makes it.
        form: `"csv"` or any format of the package `tabulate`, for example `"github"`, `"latex"`.
        columns: Which of `COLUMNS` to write, in this order; all that have something to say if
            None.

    Raises:
        ArenaError: If the format or a column is unknown.
    """
    if form not in FORMATS:
        raise unknown("table format", form, FORMATS)
    shown = _shown(table) if columns is None else list(columns)
    for column in shown:
        if column not in COLUMNS:
            raise unknown("column", column, COLUMNS)
    cells = [[COLUMNS[column](row) for column in shown] for row in table.rows]
    if form == "csv":
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([shown, *cells])
        return buffer.getvalue().rstrip("\n")
    align = ["left"] + ["right"] * (len(shown) - 1)
    text = tabulate(cells, shown, form, colalign=align, disable_numparse=True)
    return (
        text if form.startswith(("latex", "html", "tsv")) else f"{text}\n\n{footer(table, command)}"
    )


def _shown(table: Table) -> list[str]:
    known = any(row.ended_below_start is not None for row in table.rows)
    return [column for column in COLUMNS if known or column != BELOW_START]


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
        f"- {_kind_of_start(shared)} {', '.join(starts)}: "
        f"success {', '.join(start_success)} (validation)",
        *_statistics(table),
        "- score: mean return of an episode; score (turns): weighted by turns, as the paper does",
        f"- version {', '.join(sorted({r.version for r in results}))}, commit {', '.join(commits)}",
        f"- made by `{command}`",
    ]
    if shared.conditions:
        told = ", ".join(f"{name} {value}" for name, value in sorted(shared.conditions.items()))
        lines.append(f"- conditions: {told}")
    if shared.incomparable:
        lines.append(f"- NOT FOR THE LEADERBOARD: {shared.incomparable}")
    if len(starts) > 1 and not table.crossed:
        lines.append("- WARNING: the runs began from different start policies")
    return "\n".join(lines)


def _kind_of_start(result: Result) -> str:
    if result.start.set is None:
        return "start policy"
    return f"start policies of the shipped set {result.start.set[:12]}:"


def _statistics(table: Table) -> list[str]:
    tested = [row.contrast.panel for row in table.rows if row.contrast and row.contrast.panel]
    lines = [
        "- success and IQM (interquartile mean): over training seeds; 95 % interval: Student's t "
        f"over seeds, {NONE} below {LEAST_FOR_INTERVAL} of them",
    ]
    if tested:
        interval = "paired t" if table.crossed else "Welch"
        lines += [
            f"- {DELTA}: points of success with the 95 % {interval} interval, for {PANEL_CLAIM}; "
            f"Δ, tasks like these: the 95 % interval for {TASKS_CLAIM}",
            f"- p (Holm): two-sided p of {DELTA} by "
            f"{' or '.join(sorted({panel.test for panel in tested}))}, adjusted for a family of "
            f"{len(tested)}: the differences from {BASELINE.upper()} in this table",
        ]
    else:
        lines.append(f"- {DELTA}: points of success, tested from {LEAST_FOR_INTERVAL} seeds on")
    return [
        *lines,
        "- rank: methods that share a letter are not separated (Holm over all pairs); "
        f"unranked below {LEAST_FOR_RANK} seeds",
        "- collapse rate: 95 % Clopper-Pearson interval of the share of seeds that collapse",
    ]


def bench_command(table: Table) -> str:
    """Return the bench that makes this table, as far as its results tell."""
    shared = table.any_result
    methods = {}
    for run in table.runs:
        # Of a file, only its stem is kept.
        suffix = ".py" if run.result.method_source else ""
        methods[run.result.label] = run.result.method + suffix
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
    if row.contrast is None:
        return NONE
    text = f"{100 * row.contrast.estimate:+.1f}"
    return f"{text} {_bounds(row.contrast.panel)}" if row.contrast.panel else text


def _tasks(row: Row) -> str:
    return _bounds(row.contrast.tasks) if row.contrast and row.contrast.tasks else NONE


def _bounds(difference: Difference) -> str:
    return _interval((difference.low, difference.high), "{:+.1f}")


def _p(row: Row) -> str:
    if row.contrast is None or row.contrast.p is None:
        return NONE
    return "<0.001" if row.contrast.p < 0.001 else f"{row.contrast.p:.3f}"


def _of_seeds(row: Row, count: int | None) -> str:
    return NONE if count is None else f"{count}/{len(row.seeds)}"


def _collapsed(row: Row) -> str:
    text = _of_seeds(row, row.collapsed)
    if row.collapse_step is None:
        return text
    return f"{text}, step {row.collapse_step}: {row.collapse_cause or 'unknown'}"
