"""The suite: one preset over its environments, computed from the table of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import gymnasium as gym

from arlarena_bench import installed
from arlarena_bench.errors import ArenaError
from arlarena_bench.record import Result
from arlarena_bench.report.across import AcrossEnvironments, average_bounds
from arlarena_bench.report.comparison import BASELINE, in_order
from arlarena_bench.report.models import are_models
from arlarena_bench.report.table import REFERENCES, Kind, Row, Table
from arlarena_bench.statistics import Difference, best_of, holm
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import check_method


@dataclass(frozen=True, slots=True)
class SuiteRow:
    """One method over all environments, or one that others are measured by.

    Attributes:
        method: As in a table of one environment.
        kind: As in a table of one environment.
        cells: Environment → the method's row there; None where it has none.
        average: Mean of its success over the environments that it has, which count alike; None
            for a method of which no seed finished anywhere.
        average_interval: The t interval of the same; None below 3 seeds in one of them.
        difference: Mean over these of its success minus the baseline's; None for the baseline, for
            a reference and where one of them has no baseline.
        standardised: The mean of these differences, each in standard deviations of the seeds of
            its environment; None below 3 seeds of either in one of them, and for a control.
        p: That of `standardised`, adjusted by Holm over the methods.
        rank: Letters shared by methods that are not separated; None below 6 seeds in one of them.
        best: As in a table of one environment, by the test across them.
    """

    method: str
    kind: Kind
    cells: dict[str, Row | None]
    average: float | None
    average_interval: tuple[float, float] | None
    difference: float | None
    standardised: Difference | None
    p: float | None
    rank: str | None
    best: bool

    @property
    def environments(self) -> list[str]:
        """The environments that its numbers are over."""
        return [name for name, row in self.cells.items() if row is not None]


@dataclass(frozen=True, slots=True)
class Suite:
    """A table for each environment of a preset, and what they say together.

    Attributes:
        tables: By the environment's short name, sorted.
        rows: In the order of a table's rows.
        unfit: Of each cell without runs that no run can fill, (method, environment), the reason.
        left_out: Tables of the same preset whose environment another one stands for.
        untested: Why the methods could not be tested across environments, empty if they could.
    """

    tables: dict[str, Table]
    rows: tuple[SuiteRow, ...]
    unfit: dict[tuple[str, str], str]
    left_out: tuple[Table, ...]
    untested: str

    @property
    def any_result(self) -> Result:
        """A result that speaks for all in what they share."""
        return next(iter(self.tables.values())).any_result

    @property
    def preset(self) -> str:
        """The preset's name."""
        return self.any_result.recipe.name

    @property
    def of_models(self) -> bool:
        """Whether nothing in it was trained."""
        return all(table.of_models for table in self.tables.values())


def suite_facts(shared: Result) -> dict[str, str]:
    """Return what all tables of a suite share, by a name that a reader understands."""
    return {
        "what was compared": "models" if are_models([shared]) else "methods",
        "preset": shared.recipe.name,
        "decoder first shown": shared.headline,
        "schema": str(shared.schema_version),
        "gaps of the record": ", ".join(shared.lacks),
        "reason against the leaderboard": shared.incomparable,
    }


def group_by_suite(tables: Iterable[Table]) -> list[Suite | Table]:
    """Put tables of several environments of one preset together; the others stay alone.

    Of two tables of one environment the one with more runs stands in the suite, for which the
    other is left out.
    """
    groups: dict[tuple[str, ...], list[Table]] = {}
    for table in tables:
        groups.setdefault(tuple(suite_facts(table.any_result).values()), []).append(table)
    found: list[Suite | Table] = []
    for group in (groups[key] for key in sorted(groups)):
        if len({_environment(table) for table in group}) > 1:
            found.append(build_suite(group))
        else:
            found += group
    return found


def build_suite(tables: Sequence[Table]) -> Suite:
    """Return the suite of tables of one preset."""
    chosen: dict[str, Table] = {}
    for table in sorted(tables, key=lambda table: -len(table.trained)):
        chosen.setdefault(_environment(table), table)
    ordered = {name: chosen[name] for name in sorted(chosen)}
    kinds = _names(ordered)
    methods = kinds["method"]
    tests = AcrossEnvironments(
        {
            name: {m: seeds for m in methods if (seeds := table.seeds_of(m))}
            for name, table in ordered.items()
        }
    )
    tested: dict[str, Difference] = {}
    letters: dict[str, str] = {}
    untested = ""
    try:
        tested, letters = tests.against_baseline(methods), tests.ranks(methods)
    except ArenaError as error:
        untested = str(error)
    adjusted = dict(zip(tested, holm(found.p for found in tested.values()), strict=True))
    best = best_of(letters)
    rows = []
    for kind, names in kinds.items():
        for name in names:
            cells = {env: _cell(table, kind, name) for env, table in ordered.items()}
            runs = [table.seeds_of(name) for env, table in ordered.items() if cells[env]]
            solved = [cell.success for cell in cells.values() if cell]
            rows.append(
                SuiteRow(
                    method=name,
                    kind=kind,
                    cells=cells,
                    average=fmean(solved) if solved else None,
                    average_interval=average_bounds(runs),
                    difference=_difference(cells, ordered),
                    standardised=tested.get(name),
                    p=adjusted.get(name),
                    rank=letters.get(name),
                    best=name in best,
                )
            )
    unfit = {
        (method, name): reason
        for name, table in ordered.items()
        for method, reason in _unfit(methods, table).items()
    }
    left_out = tuple(table for table in tables if table not in ordered.values())
    return Suite(ordered, tuple(rows), unfit, left_out, untested)


def _environment(table: Table) -> str:
    return table.any_result.recipe.environment.name


def _names(tables: Mapping[str, Table]) -> dict[Kind, list[str]]:
    """Return the names of all rows by kind, in the order of a table."""
    found: dict[Kind, set[str]] = {"reference": set(), "method": set(), "control": set()}
    for table in tables.values():
        for row in table.rows:
            found[row.kind].add(row.method)
        for run in table.failed:
            kind: Kind = "method" if run.record.recipe.control is None else "control"
            found[kind].add(run.record.label)
    first = [name for name in REFERENCES if name in found["reference"]]
    return {
        "reference": [*first, *sorted(found["reference"] - set(first))],
        "method": in_order(found["method"]),
        "control": in_order(found["control"]),
    }


def _cell(table: Table, kind: Kind, name: str) -> Row | None:
    return next((row for row in table.rows if (row.kind, row.method) == (kind, name)), None)


def _difference(cells: Mapping[str, Row | None], tables: Mapping[str, Table]) -> float | None:
    differences = []
    for name, row in cells.items():
        if row is None:
            continue
        baseline = _cell(tables[name], "method", BASELINE)
        if row.kind == "reference" or baseline is None or baseline is row:
            return None
        differences.append(row.success - baseline.success)
    return fmean(differences) if differences else None


def _unfit(methods: Iterable[str], table: Table) -> dict[str, str]:
    """Return the methods without runs that cannot learn in a table's environment, and why."""
    missing = set(methods) - {row.method for row in table.rows}
    known = sorted(missing.intersection(installed.method_names()))
    found: dict[str, str] = {}
    if not known:
        return found
    recipe = table.any_result.recipe
    try:
        arena = Arena(recipe)
    except (ArenaError, gym.error.Error):
        return found  # what cannot be made here cannot be asked
    for method in known:
        run = recipe.for_run(method, recipe.seed)
        try:
            check_method(installed.method(method, **run.method.options), run, arena)
        except ArenaError as error:
            found[method] = str(error)
    return found
