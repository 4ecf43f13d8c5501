"""Writing a suite as text, in the shape of the paper's Table 3: environments across."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress

from arlarena_bench import installed
from arlarena_bench.departures import preset_words
from arlarena_bench.report.comparison import BASELINE
from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL, LEAST_FOR_RANK
from arlarena_bench.report.finding import stored_command
from arlarena_bench.report.layout import (
    DATA,
    NONE,
    check_columns,
    check_format,
    comment,
    with_bold,
    write_cells,
    write_table,
)
from arlarena_bench.report.overall import THRESHOLDS, Overall, overall, targets_of
from arlarena_bench.report.render import (
    DELTA,
    SILENT,
    UNRANKED,
    asked_for,
    bench_command,
    bold_line,
    commands_of_models,
    interval_text,
    suite_line,
)
from arlarena_bench.report.suite import Suite, SuiteRow
from arlarena_bench.report.table import Table

SHOWN_THRESHOLDS = (0.3, 0.5, 0.7)
FAILED = "failed"
SOME_FAILED = "*"
AVERAGE = "average"
IN_SPREADS = f"{DELTA}, in spreads"


def render_suite(
    suite: Suite,
    commands: Sequence[str],
    form: str = "github",
    columns: Sequence[str] | None = None,
    brief: bool = False,
) -> str:
    """Return the suite as text: environments across, methods down, then what they say together.

    Args:
        suite: What to write.
        commands: What makes it.
        form: `"csv"` or any format of the package `tabulate`.
        columns: Which columns to write, in this order; if None all that say something.
        brief: Whether to leave out what does not fit on a screen, where no columns were named.

    Raises:
        ArenaError: If the format or a column is unknown.
    """
    check_format(form)
    shown, rows = suite_cells(suite, columns, brief)
    best = [[is_best(row, name) for name in shown] for row in suite.rows]
    rows = with_bold(rows, best, form)
    footer, marks = suite_footer(suite, commands, form), _marks(suite)
    if form in DATA or suite.of_models:
        return write_table(shown, rows, form, footer, marks)
    together = write_table(*together_cells(suite), form, footer, marks)
    heading = comment("All runs of a method together:", form)
    return "\n\n".join([write_cells(shown, rows, form), heading, together])


def suite_cells(
    suite: Suite, columns: Sequence[str] | None = None, brief: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Return the columns' names, and a row of cells for each of the suite's rows.

    Args:
        suite: What to write.
        columns: As of `render_suite`.
        brief: As of `render_suite`.

    Raises:
        ArenaError: If a column is unknown.
    """
    known = columns_of_suite(suite)
    check_columns(columns, known)
    shown = list(columns or known)
    if brief and columns is None:
        shown.remove(IN_SPREADS)
    rows = [[known[name](row) for name in shown] for row in suite.rows]
    return (shown, rows) if columns else _telling(shown, rows)


def columns_of_suite(suite: Suite) -> dict[str, Callable[[SuiteRow], str]]:
    """Return the columns of a suite by name."""

    def average(row: SuiteRow) -> str:
        if row.average is None:
            return NONE
        return _mean(row.average, row.average_interval) + _over(suite, row)

    def rank(row: SuiteRow) -> str:
        if row.kind == "method":
            return row.rank or UNRANKED
        return row.kind if row.kind == "control" else NONE

    def difference(row: SuiteRow) -> str:
        return NONE if row.difference is None else f"{100 * row.difference:+.1f}"

    return {
        "policy" if suite.of_models else "method": lambda row: row.method,
        **{name: partial(_cell_of, name, table) for name, table in suite.tables.items()},
        AVERAGE: average,
        DELTA: difference,
        "p": lambda row: _p(row.p),
        "rank": rank,
        IN_SPREADS: _in_spreads,
    }


def is_best(row: SuiteRow, column: str) -> bool:
    """Whether a cell is of the best of its column, or of what is not separated from it."""
    cell = row.cells.get(column)
    return row.best if column == AVERAGE else cell is not None and cell.best


def suite_footer(suite: Suite, commands: Sequence[str], form: str = "simple") -> str:
    """Return what the numbers mean and where they came from, one fact a line."""
    if suite.of_models:
        return "\n".join(_facts_of_models(suite))
    shared, count = suite.any_result, len(suite.tables)
    tested = [row for row in suite.rows if row.p is not None]
    few = sorted({len(row.environments) for row in suite.rows} - {count})
    lines = [
        f"- preset {suite.preset}, decoder {shared.headline}",
        *(_environment(name, table) for name, table in suite.tables.items()),
        f"- cells: mean success % over seeds ± half of the 95 % t interval, from "
        f"{LEAST_FOR_INTERVAL} seeds on; average: mean over environments, which count alike",
        *([f"- {SOME_FAILED}: without seeds that failed"] if _any_failed(suite) else []),
        f"- {DELTA}: points of success, mean over environments",
        *_tests(suite, len(tested)),
        *bold_line(
            any(is_best(row, name) for row in suite.rows for name in (AVERAGE, *suite.tables)),
            "the best of the column's ranked methods, and what is not separated from it",
            form,
        ),
        *(
            f"- ({n}): average, {DELTA}, p and rank are over {n} of {count} environments"
            for n in few
        ),
        *_gaps(suite),
        *_overall_facts(suite),
        *(f"- made by `{command}`" for command in commands),
        *(f"- {mark}" for mark in _marks(suite)),
        *_others(suite),
    ]
    return "\n".join(lines)


def _facts_of_models(suite: Suite) -> list[str]:
    few = sorted({len(row.environments) for row in suite.rows} - {len(suite.tables)})
    return [
        f"- preset {suite.preset}, decoder {suite.any_result.headline}",
        *(_panel(name, table) for name, table in suite.tables.items()),
        "- cells: success % and its 95 % Clopper-Pearson interval over tasks, for tasks like "
        "these; average: mean over environments, which count alike",
        *(f"- ({n}): the average is over {n} of {len(suite.tables)} environments" for n in few),
        *_gaps(suite),
        "- what played each, and what that took, stands in the tables of the environments",
        *(f"- {mark}" for mark in _marks(suite)),
        *_others(suite),
    ]


def _others(suite: Suite) -> list[str]:
    """Return a line for each table that the suite leaves out."""
    named = [(table.any_result.recipe.environment.name, table) for table in suite.left_out]
    return [
        f"- another table of {name} is left out: {suite.tables[name].why_not_joined(table)}"
        for name, table in named
    ]


def _any_failed(suite: Suite) -> bool:
    return any(table.failed for table in suite.tables.values())


def _marks(suite: Suite) -> list[str]:
    """Return what must not be lost wherever the numbers of a suite go."""
    shared = suite.any_result
    lines = [
        f"{name}: {run.record.name} failed and is not in these numbers: {run.record.reason}"
        for name, table in suite.tables.items()
        for run in table.failed
    ]
    if shared.lacks:
        lines.append(f"converted from older records, which lack: {', '.join(shared.lacks)}")
    if shared.incomparable:
        lines.append(f"NOT FOR THE LEADERBOARD: {shared.incomparable}")
    return lines


def suite_commands(suite: Suite) -> list[str]:
    """Return the bench that makes this suite, or one an environment where their runs differ.

    Of models, what played each in each environment.
    """
    if suite.of_models:
        return [line for table in suite.tables.values() for line in commands_of_models(table)]
    stored = [stored_command(table.runs[0]) for table in suite.tables.values()]
    if any(stored):
        return [command for command in stored if command]
    seeds = {name: _seeds(table) for name, table in suite.tables.items()}
    asked = [asked_for(table) for table in suite.tables.values()]
    rows = [row for row in suite.rows if row.kind != "reference"]
    ran = {row.method: row.environments for row in rows}
    expected = {
        method: [name for name in suite.tables if (method, name) not in suite.unfit]
        for method in ran
    }
    alike = len(set(seeds.values())) == 1 and all(given == asked[0] for given in asked)
    if ran != expected or not alike:
        return [bench_command(table) for table in suite.tables.values()]
    names = {
        result.label: result.recipe.subject
        for table in suite.tables.values()
        for result in table.benched
    }
    preset, settings = asked[0]
    named = [names[row.method] for row in rows if row.method in names]
    return [suite_line(preset, named, max(seeds.values()), settings)]


def _seeds(table: Table) -> int:
    return max(result.seed for result in table.benched) + 1


def _telling(
    header: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """Leave out the columns in which no row says anything."""
    told = [any(row[place] not in SILENT for row in rows) for place in range(len(header))]
    return list(compress(header, told)), [list(compress(row, told)) for row in rows]


def _cell_of(environment: str, table: Table, row: SuiteRow) -> str:
    cell = row.cells[environment]
    failed = row.method in table.failed_labels
    if cell is None:
        return FAILED if failed else NONE
    if table.of_models:
        return f"{100 * cell.success:.1f} {interval_text(cell.success_interval)}".removesuffix(NONE)
    return _mean(cell.success, cell.success_interval) + (SOME_FAILED if failed else "")


def _mean(share: float, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return f"{100 * share:.1f}"
    # Where it was cut at 0 or 1, the other bound tells its width.
    half = max(interval[1] - share, share - interval[0])
    return f"{100 * share:.1f}±{100 * half:.1f}"


def _over(suite: Suite, row: SuiteRow) -> str:
    """Return over how many environments a row is, where these are not all."""
    count = len(row.environments)
    return "" if count == len(suite.tables) else f" ({count})"


def _p(p: float | None) -> str:
    if p is None:
        return NONE
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _in_spreads(row: SuiteRow) -> str:
    if row.standardised is None:
        return NONE
    found = row.standardised
    return f"{found.estimate:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"


def _panel(name: str, table: Table) -> str:
    shared = table.any_result
    preset = preset_words(shared.recipe)
    changed = "" if preset == shared.recipe.name else f", preset {preset}"
    return (
        f"- {name}: {shared.recipe.environment.id}{changed}, panel {shared.panel.name}: "
        f"{shared.panel.tasks} tasks, SHA-256 {shared.panel.digest[:12]}"
    )


def _environment(name: str, table: Table) -> str:
    seeds = sorted({len(row.seeds) for row in table.rows if row.kind != "reference"})
    told = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"
    return f"{_panel(name, table)}; seeds a method: {told}"


def _tests(suite: Suite, tested: int) -> list[str]:
    lines = []
    if tested:
        lines.append(
            f"- p: two-sided, by t, of {IN_SPREADS} (the mean over environments of the "
            "difference in standard deviations of the seeds there), adjusted by Holm for a family "
            f"of {tested}: the differences from {BASELINE.upper()} across these environments"
        )
    elif suite.untested:
        lines.append(f"- p: none, for {suite.untested}")
    return [
        *lines,
        "- rank: methods that share a letter are not separated by the same test (Holm over all "
        f"pairs); unranked below {LEAST_FOR_RANK} seeds",
    ]


def _gaps(suite: Suite) -> list[str]:
    """Say of each cell without a number why it has none."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in suite.rows:
        for name, cell in row.cells.items():
            if cell is None and row.method not in {
                r.record.label for r in suite.tables[name].failed
            }:
                reason = suite.unfit.get((row.method, name), "no finished run")
                reason = reason.removeprefix(f"method {row.method} ")
                reasons.setdefault((name, reason), []).append(row.method)
    lines = [
        f"- {NONE} in {name}, {', '.join(methods)}: {reason}"
        for (name, reason), methods in sorted(reasons.items())
    ]
    preset = installed.preset_files().get(suite.preset, {})
    if absent := sorted(preset.keys() - suite.tables.keys()):
        lines.append(f"- no results here of {', '.join(absent)}, which {suite.preset} also has")
    return lines


def together_cells(suite: Suite) -> tuple[list[str], list[list[str]]]:
    """Return the columns' names and the rows of what all runs of a method say together."""
    header = ["method", "IQM %", *(f"above {100 * t:.0f} %" for t in SHOWN_THRESHOLDS)]
    header += ["at target", "steps to it %", "tokens to it %"]
    return _telling(header, [_together_row(found) for found in overall(suite)])


def _together_row(found: Overall) -> list[str]:
    profile = dict(zip(THRESHOLDS, found.profile, strict=True))
    reached = NONE if found.reached is None else f"{found.reached}/{found.runs}"
    shares = [found.steps_to_target, found.tokens_to_target]
    return [
        found.method,
        f"{100 * found.iqm:.1f}",
        *(f"{profile[threshold]:.2f}" for threshold in SHOWN_THRESHOLDS),
        reached,
        *(NONE if share is None else f"{100 * share:.0f}" for share in shares),
    ]


def _overall_facts(suite: Suite) -> list[str]:
    lines = [
        "- IQM: interquartile mean over all runs; above 50 %: share of runs that solve more than "
        "that, environments counting alike (performance profile)"
    ]
    if targets := targets_of(suite):
        told = ", ".join(f"{name} {100 * target:.1f} %" for name, target in targets.items())
        lines.append(
            "- at target: runs whose validation success gets half the way from the start's to the "
            f"expert's ({told}); steps, tokens to it: median share of the training steps, and of "
            f"the reply tokens that {BASELINE.upper()} samples in all; {NONE} where half do not"
        )
    return lines
