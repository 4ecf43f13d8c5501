"""Writing a table as text: the columns people see, and what is said below them."""

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress, pairwise

from arlarena_bench.departures import preset_words
from arlarena_bench.labels import label
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import Result
from arlarena_bench.report import models
from arlarena_bench.report.comparison import BASELINE, in_order
from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL, LEAST_FOR_RANK
from arlarena_bench.report.layout import (
    NONE,
    check_columns,
    check_format,
    has_bold,
    number_text,
    with_bold,
    write_table,
)
from arlarena_bench.report.table import Interval, MeanCost, Row, Stability, Table, run_row
from arlarena_bench.statistics import LEVEL, PANEL_CLAIM, TASKS_CLAIM, Difference

LONGEST_REASON = 60  # characters of a reason in a cell; the whole of it stands below the table

UNRANKED = "unranked"
SUCCESS = "success %"
DELTA = f"Δ {BASELINE.upper()}"
_COLUMNS: dict[str, Callable[[Row], str]] = {
    "method": lambda row: row.method,
    SUCCESS: lambda row: _percent(row.success),
    "IQM %": lambda row: _percent(row.success_iqm),
    "95 % interval": lambda row: interval_text(row.success_interval),
    "worst seed %": lambda row: _percent(row.worst_seed),
    DELTA: lambda row: _difference(row),
    "p (Holm)": lambda row: _p(row),
    "Δ, tasks like these": lambda row: _tasks(row),
    "rank": lambda row: _rank(row),
    "score": lambda row: f"{row.score:.2f}",
    "score (turns)": lambda row: f"{row.score_turn_weighted:.2f}",
    "format %": lambda row: _percent(row.valid_format),
}
_STABILITY: dict[str, Callable[[Stability, Row], str]] = {
    "ended below start": lambda s, row: _of_seeds(row, s.ended_below_start),
    "drawdown %": lambda s, row: number_text(s.drawdown, "{:.1%}").rstrip("%"),
    "collapsed": lambda s, row: _collapsed(row, s),
    "collapse rate %": lambda s, row: interval_text(s.collapse_interval),
    "KL to start": lambda s, row: number_text(s.kl_reference, "{:.3f}"),
}
_COST: dict[str, Callable[[MeanCost], str]] = {
    "episodes": lambda cost: number_text(cost.episodes, "{:,.0f}"),
    "steps": lambda cost: number_text(cost.environment_steps, "{:,.0f}"),
    "reply tokens": lambda cost: number_text(cost.reply_tokens, "{:,.0f}"),
    "updates": lambda cost: number_text(cost.updates, "{:,.0f}"),
    "CPU min": lambda cost: number_text(cost.cpu_minutes, "{:.1f}"),
}
SILENT = {NONE, UNRANKED}
# What fits on a screen and says what the others would qualify.
BRIEF = (
    "method",
    SUCCESS,
    "95 % interval",
    "worst seed %",
    DELTA,
    "p (Holm)",
    "rank",
    "ended below start",
    "collapsed",
    "failed",
    "seeds",
)
_RULESET: dict[str, Callable[[Row], str]] = {"ruleset": lambda row: row.ruleset or NONE}
_SEEDS: dict[str, Callable[[Row], str]] = {"seeds": lambda row: str(len(row.seeds))}


def columns_of(table: Table) -> dict[str, Callable[[Row], str]]:
    """Return the columns of a table by name, those that have nothing to say included."""
    if table.of_models:
        return _columns_of_models(table)
    columns = dict(_COLUMNS)
    for decoder in sorted({name for row in table.rows for name in row.other_decoders}):
        columns[f"success % ({decoder})"] = partial(_other_decoder, decoder)
    columns |= {name: partial(_stability, cell) for name, cell in _STABILITY.items()}
    columns |= {name: partial(_cost, cell) for name, cell in _COST.items()}
    if table.failed:
        columns["failed"] = partial(_failed_seeds, table)
    return columns | _RULESET | _SEEDS


def _columns_of_models(table: Table) -> dict[str, Callable[[Row], str]]:
    results = {run_row(run): run.result for run in table.runs}

    def of_result(cell: models.Cell) -> Callable[[Row], str]:
        return lambda row: cell(results[row.kind, row.method])

    shared = (SUCCESS, "95 % interval", "score", "score (turns)", "format %")
    columns = {"policy": _COLUMNS["method"]} | {name: _COLUMNS[name] for name in shared}
    return columns | {name: of_result(cell) for name, cell in models.COLUMNS.items()}


def _failed_seeds(table: Table, row: Row) -> str:
    if row.kind == "reference":
        return NONE
    failed = sum(run.record.label == row.method for run in table.failed)
    return f"{failed}/{failed + len(row.seeds)}"


def _lost(table: Table, columns: Sequence[str]) -> list[list[str]]:
    """Return the cells of methods of which every seed failed: why, beside the name."""
    there = {row.method for row in table.rows if row.kind != "reference"}
    reasons: dict[str, list[str]] = {}
    for run in table.failed:
        if run.record.label not in there:
            reasons.setdefault(run.record.label, []).append(run.record.reason)
    said = next((name for name in columns if name not in ("method", "failed")), None)
    rows = []
    for name, told in reasons.items():
        count = f"{len(told)}/{len(told)}"
        short = told[0] if len(told[0]) <= LONGEST_REASON else f"{told[0][:LONGEST_REASON]}…"
        cells = {"method": name, "failed": count, said: f"failed: {short}"}
        rows.append([cells.get(column, NONE) for column in columns])
    return rows


def _other_decoder(decoder: str, row: Row) -> str:
    return number_text(row.other_decoders.get(decoder), "{:.1%}").rstrip("%")


def _stability(cell: Callable[[Stability, Row], str], row: Row) -> str:
    return NONE if row.stability is None else cell(row.stability, row)


def _cost(cell: Callable[[MeanCost], str], row: Row) -> str:
    return NONE if row.cost is None else cell(row.cost)


def render(
    table: Table,
    command: str,
    form: str = "github",
    columns: Sequence[str] | None = None,
    brief: bool = False,
) -> str:
    """Return the table as text, with its provenance below it.

    Args:
        table: What to write.
        command: What makes it.
        form: `"csv"` or any format of the package `tabulate`, for example `"github"`, `"latex"`.
        columns: Which columns to write, in this order; if None all but those of stability and
            cost of which nothing is on record.
        brief: Whether to write only what fits on a screen, where no columns were named.

    Raises:
        ArenaError: If the format or a column is unknown.
    """
    check_format(form)
    shown, cells = table_cells(table, columns, brief)
    best = [[row.best and column == SUCCESS for column in shown] for row in table.rows]
    cells = with_bold(cells, best, form)
    return write_table(shown, cells, form, footer(table, command, form), marks_of(table))


def table_cells(
    table: Table, columns: Sequence[str] | None = None, brief: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Return the columns' names and the rows' cells.

    Behind the table's own rows stands one for each method of which no seed finished.

    Args:
        table: What to write.
        columns: As of `render`.
        brief: As of `render`.

    Raises:
        ArenaError: If a column is unknown.
    """
    known = columns_of(table)
    check_columns(columns, known)
    brief = brief and not table.of_models
    shown = list(columns or (name for name in (BRIEF if brief else known) if name in known))
    cells = [[known[column](row) for column in shown] for row in table.rows]
    if columns is None:
        kept = () if brief else _COLUMNS
        told = [name in kept or {row[i] for row in cells} - SILENT for i, name in enumerate(shown)]
        shown = list(compress(shown, told))
        cells = [list(compress(row, told)) for row in cells]
    return shown, cells + _lost(table, shown)


def bold_line(any_best: bool, what: str, form: str) -> list[str]:
    """Return the line that says what is bold in a format that has it, or why nothing is.

    Args:
        any_best: Whether there is a best.
        what: What is bold then.
        form: The format.
    """
    if not has_bold(form):
        return []
    if any_best:
        return [f"- bold: {what}"]
    return ["- nothing is bold: no two methods are ranked"]


def footer(table: Table, command: str, form: str = "simple") -> str:
    """Return what the numbers mean and where they came from, one fact a line."""
    shared = table.any_result
    results = [run.result for run in table.runs]
    sources = [result.provenance for result in results]
    commits = sorted({source.commit or "unknown" for source in sources})
    made = commands_of_models(table) if table.of_models else [command]
    lines = [
        f"- {shared.recipe.environment.id}, preset {preset_words(shared.recipe)}, panel "
        f"{shared.panel.name}: {shared.panel.tasks} tasks, SHA-256 {shared.panel.digest[:12]}",
        *(models.facts(results) if table.of_models else _of_methods(table, form)),
        f"- version {', '.join(sorted({s.version for s in sources}))}, commit {', '.join(commits)}",
        *(f"- made by `{line}`" for line in made),
    ]
    if shared.conditions:
        told = ", ".join(f"{name} {value}" for name, value in sorted(shared.conditions.items()))
        lines.append(f"- conditions: {told}")
    return "\n".join(lines + [f"- {mark}" for mark in marks_of(table)])


def _of_methods(table: Table, form: str) -> list[str]:
    return [
        *_starts(table.trained),
        *_statistics(table),
        *bold_line(
            any(row.best for row in table.rows),
            "the highest success of a ranked method, and what is not separated from it",
            form,
        ),
        *_ruleset(table),
        *_controls(table.trained),
        "- score: mean return of an episode; score (turns): weighted by turns, as the paper does",
    ]


def marks_of(table: Table) -> list[str]:
    """Return what must not be lost wherever the numbers of a table go."""
    shared = table.any_result
    lines = [
        f"{run.record.name} failed and is not in these numbers: {run.record.reason}"
        for run in table.failed
    ]
    if len(rulesets := _by_ruleset(table)) > 1:
        named = "; ".join(f"{name}: {', '.join(methods)}" for name, methods in rulesets.items())
        lines.append(f"RULESETS DIFFER between methods: {named}")
    if shared.lacks:
        lines.append(f"converted from an older record, which lacks: {', '.join(shared.lacks)}")
    if shared.incomparable:
        lines.append(f"NOT FOR THE LEADERBOARD: {shared.incomparable}")
    return lines


def _starts(results: Sequence[Result]) -> list[str]:
    """Return a line that names the starts by their weights, and what each solved, seed by seed."""
    success: dict[str, list[str]] = {}
    for result in sorted(results, key=lambda result: result.seed):
        if result.start:
            found = success.setdefault(result.start.sha256[:12], [])
            if result.training is not None:
                solved = number_text(result.training.start_success, "{:.1%}")
                if solved not in found:
                    found.append(solved)
    if not success:
        return []
    shipped = next((result.start.set for result in results if result.start), None)
    kind = f"start policies of the shipped set {shipped[:12]}:" if shipped else "start policy"
    solved = ", ".join("/".join(found) or NONE for found in success.values())
    return [f"- {kind} {', '.join(success)}: success {solved} (validation)"]


def _statistics(table: Table) -> list[str]:
    methods = [row.contrast for row in table.rows if row.kind == "method" and row.contrast]
    tested = [contrast.panel for contrast in methods if contrast.panel]
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
            f"{len(tested)}: the differences from {BASELINE.upper()} in this table"
            + _least(table, len(tested)),
        ]
    else:
        lines.append(f"- {DELTA}: points of success, tested from {LEAST_FOR_INTERVAL} seeds on")
    pairs = "mean ranks within seeds, all pairs" if table.crossed else "Holm over all pairs"
    return [
        *lines,
        f"- rank: methods that share a letter are not separated ({pairs}); unranked "
        f"below {LEAST_FOR_RANK} seeds",
        "- collapse rate: 95 % Clopper-Pearson interval of the share of seeds that collapse",
    ]


def _least(table: Table, family: int) -> str:
    """Say what p cannot fall below, where that is too much for any conclusion."""
    if not table.crossed:
        return ""
    pairs = min(len(row.seeds) for row in table.rows if row.kind == "method")
    least = min(1.0, family * 2 / 2**pairs)
    return f"; {pairs} pairs allow {least:.2g} at the least" if least > 1 - LEVEL else ""


RULESETS = {
    "fixed-grid": "each method has the values that a recorded grid chose for it",
    "no-tuning": "each method has the preset's values, and no grid has chosen between them",
    "own": "values are neither the preset's nor what a recorded grid chose",
}


def _by_ruleset(table: Table) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in table.rows:
        if row.ruleset is not None:
            found.setdefault(row.ruleset, []).append(row.method)
    return dict(sorted(found.items()))


def _ruleset(table: Table) -> list[str]:
    return [
        f"- ruleset {name}: {RULESETS[name]}" for name in _by_ruleset(table) if name in RULESETS
    ]


def _controls(results: Sequence[Result]) -> list[str]:
    """Say of each control what it is."""
    told = {
        f"- {result.label}: a control, no method: {_times(result.recipe)}; not ranked, and not in "
        "the family of p (Holm)"
        for result in results
        if result.recipe.control is not None
    }
    return sorted(told)


def _times(recipe: Recipe) -> str:
    control = recipe.controls[recipe.control or ""]
    times = ", ".join(f"{factor} × {name}" for name, factor in sorted(control.times.items()))
    return f"{label(control.method)} with {times}"


def commands_of_models(table: Table) -> list[str]:
    """Return what played each policy of a table of models."""
    return models.commands([run.result for run in table.runs])


def bench_command(table: Table) -> str:
    """Return the bench that makes this table, or what played its models, as far as results tell."""
    if table.of_models:
        return "; ".join(commands_of_models(table))
    recipe = table.any_result.recipe
    benched = table.benched
    methods = {r.label: r.recipe.subject for r in benched if r.training is not None}
    seeds = max(result.seed for result in benched) + 1
    preset, settings = asked_for(table)
    named = [methods[method] for method in in_order(methods)]
    return bench_line(preset, recipe.environment.name, named, seeds, settings)


def asked_for(table: Table) -> tuple[str, list[str]]:
    """Return the preset and the settings that all runs of a table were asked for with."""
    given = [_options(result.provenance.command) for result in table.trained]
    name = table.any_result.recipe.name
    preset = next((told["--preset"][0] for told in given if "--preset" in told), name)
    settings = [
        setting
        for setting in (given[0].get("--set", []) if given else [])
        if all(setting in told.get("--set", []) for told in given)
    ]
    return preset, settings


def _options(command: str | None) -> dict[str, list[str]]:
    """Return the options of a run's command with their values."""
    words = shlex.split(command or "")
    found: dict[str, list[str]] = {}
    for option, value in pairwise(words):
        if option.startswith("--"):
            found.setdefault(option, []).append(value)
    return found


def bench_line(
    preset: str, environment: str, methods: Sequence[str], seeds: int, settings: Sequence[str] = ()
) -> str:
    """Return the command line of a bench."""
    return _line(["--preset", preset, "--env", environment], methods, seeds, settings)


def suite_line(
    preset: str, methods: Sequence[str], seeds: int, settings: Sequence[str] = ()
) -> str:
    """Return the command line of a bench over all environments of a preset."""
    return _line(["--suite", preset], methods, seeds, settings)


def _line(what: Sequence[str], methods: Sequence[str], seeds: int, settings: Sequence[str]) -> str:
    line = ["arlarena", "bench", *what, "--method", ",".join(methods), "--seeds", str(seeds)]
    for setting in settings:
        line += ["--set", setting]
    return shlex.join(line)


def _rank(row: Row) -> str:
    if row.kind == "method":
        return row.rank or UNRANKED
    return row.kind if row.kind == "control" else NONE


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def interval_text(interval: Interval, form: str = "{:.1f}") -> str:
    """Return the bounds of shares as per cent, in brackets; a dash for None."""
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
    return interval_text((difference.low, difference.high), "{:+.1f}")


def _p(row: Row) -> str:
    if row.contrast is None or row.contrast.p is None:
        return NONE
    return "<0.001" if row.contrast.p < 0.001 else f"{row.contrast.p:.3f}"


def _of_seeds(row: Row, count: int | None) -> str:
    return NONE if count is None else f"{count}/{len(row.seeds)}"


def _collapsed(row: Row, stability: Stability) -> str:
    text = _of_seeds(row, stability.collapsed)
    if stability.collapse_step is None:
        return text
    return f"{text}, step {stability.collapse_step}: {stability.collapse_cause or 'unknown'}"
