"""The paper's numbers beside ours: one row a configuration and measure, with both differences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from arlarena_bench.report.claims import Runs
from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL, Seeds, in_common, share_starts
from arlarena_bench.report.experiments import Experiment
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.measures import RETURN, Starts, measured
from arlarena_bench.report.paper_tables import PaperTable
from arlarena_bench.report.reproduction import Reproduction
from arlarena_bench.statistics import Difference, difference, mean_interval

Sign = Literal["agrees", "differs", "open"]


@dataclass(frozen=True, slots=True)
class Beside:
    """One configuration, one measure: what the paper prints, and what we found.

    Attributes:
        environment: Short name of ours.
        row: The configuration.
        column: The paper's name of the measure.
        measure: Ours.
        paper: The paper's number, None where it prints none.
        ours: Mean over seeds, None without runs.
        interval: Student's t interval of it; None below 3 seeds.
        seeds: How many there are.
        against: The configuration that both differences are from.
        paper_change: The paper's difference.
        our_change: Our difference of means, over the starts that both have if these are 3 or
            more; None without runs of both.
        tested: The same with its interval; None below 3 seeds of either.
        pairs: Over how many pairs of runs from one start; None where they are not paired.
        sign: Whether both differences have one sign; open where our interval has 0 in it, or
            there is none; None where one of them is unknown.
        doubts: What contradicts the paper's number.
    """

    environment: str
    row: str
    column: str
    measure: str
    paper: float | None
    ours: float | None
    interval: tuple[float, float] | None
    seeds: int
    against: str | None
    paper_change: float | None
    our_change: float | None
    tested: Difference | None
    pairs: int | None
    sign: Sign | None
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """An experiment's rows in all its environments.

    Attributes:
        name: The experiment's.
        experiment: It.
        table: The paper's table, None for an experiment that the paper does not have.
        whose: Short name of an environment → whose numbers of the paper stand beside it.
        rows: By environment, then as the experiment has its cells; rows of the paper that no
            cell stands for come last.
        runs: All that went in.
    """

    name: str
    experiment: Experiment
    table: PaperTable | None
    whose: dict[str, str]
    rows: tuple[Beside, ...]
    runs: tuple[FinishedRun, ...]


def side_by_side(
    name: str,
    known: Reproduction,
    environments: Mapping[str, str],
    runs: Mapping[str, Runs],
    starts: Starts,
) -> SideBySide:
    """Put an experiment's runs beside the paper's table.

    Args:
        name: The experiment.
        known: What ships about the paper.
        environments: The paper's name of an environment → its short name.
        runs: The same names → the runs there; none where nothing can be run.
        starts: What start policies reached.
    """
    experiment = known.experiments[name]
    rows: list[Beside] = []
    for env, short in environments.items():
        columns, ran = experiment.columns(env)[1], runs.get(env, {})
        for cell in experiment.cells:
            for column, measure in columns.items():
                seeds = ran.get(cell, {})
                base = experiment.cells[cell].against
                other = ran.get(base, {}) if base else {}
                place = (cell, short, column, measure)
                rows.append(_beside(known, experiment, place, seeds, other, starts))
        rows += _paper_alone(known, experiment, short, columns)
    used = tuple(
        run for cells in runs.values() for seeds in cells.values() for run in seeds.values()
    )
    whose = {short: experiment.columns(env)[0] for env, short in environments.items()}
    return SideBySide(name, experiment, known.table_of(experiment), whose, tuple(rows), used)


def _beside(
    known: Reproduction,
    experiment: Experiment,
    place: tuple[str, str, str, str],
    seeds: Seeds,
    others: Seeds,
    starts: Starts,
) -> Beside:
    name, short, column, measure = place
    cell = experiment.cells[name]
    values = _values(seeds, measure, starts)
    compared = in_common(seeds, others)
    paired = share_starts(*compared)
    mine, theirs = (_values(runs, measure, starts) for runs in compared)
    tested = None
    if min(len(mine), len(theirs)) >= LEAST_FOR_INTERVAL:
        tested = difference(mine, theirs, paired)
    change = fmean(mine) - fmean(theirs) if mine and theirs else None
    paper_change = known.printed_change(experiment, name, column)
    table = known.table_of(experiment)
    doubts = table.doubts(cell.row, column) if table and cell.row else ()
    return Beside(
        environment=short,
        row=cell.name,
        column=column,
        measure=measure,
        paper=known.printed(experiment, name, column),
        ours=fmean(values) if values else None,
        interval=_interval(values, measure),
        seeds=len(values),
        against=experiment.cells[cell.against].name if cell.against else None,
        paper_change=paper_change,
        our_change=change,
        tested=tested,
        pairs=len(mine) if tested and paired else None,
        sign=_sign(paper_change, change, tested),
        doubts=tuple(found.says for found in doubts),
    )


def _paper_alone(
    known: Reproduction, experiment: Experiment, short: str, columns: Mapping[str, str]
) -> Iterator[Beside]:
    table = known.table_of(experiment)
    if table is None:
        return
    taken = {cell.row for cell in experiment.cells.values()}
    for row in table.rows:
        for column, measure in columns.items() if row not in taken else ():
            doubts = tuple(found.says for found in table.doubts(row, column))
            paper = table.value(row, column)
            yield Beside(short, row, column, measure, paper, None, None, 0, None, None, None, None,
                         None, None, doubts)  # fmt: skip


def _values(seeds: Seeds, measure: str, starts: Starts) -> list[float]:
    found = (measured(seeds[seed], measure, starts) for seed in sorted(seeds))
    return [value for value in found if value is not None]


def _interval(values: Sequence[float], measure: str) -> tuple[float, float] | None:
    if len(values) < LEAST_FOR_INTERVAL:
        return None
    low, high = mean_interval(values)
    return (low, high) if measure == RETURN else (max(low, 0.0), min(high, 100.0))


def _sign(paper: float | None, ours: float | None, tested: Difference | None) -> Sign | None:
    if paper is None or ours is None:
        return None
    if tested is None or tested.low <= 0 <= tested.high:
        return "open"
    return "agrees" if (paper > 0) == (ours > 0) else "differs"
