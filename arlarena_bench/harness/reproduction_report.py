"""A reproduction from what was asked to what is printed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from arlarena_bench.harness.gpu_hours import estimate, estimate_text
from arlarena_bench.harness.plan import Job
from arlarena_bench.harness.processes import Failure
from arlarena_bench.harness.reproducing import (
    CLAIMS,
    Asked,
    Collected,
    Programme,
    Wanted,
    benches,
    claims_of,
    collect,
    into_cells,
    left_to_run,
    missing_lines,
    play_references,
    programme,
    runs_by_environment,
    wanted,
)
from arlarena_bench.report.beside import side_by_side
from arlarena_bench.report.beside_text import (
    beside_json,
    claims_json,
    render_beside,
    render_claims,
)
from arlarena_bench.report.claims import Judged, judge
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.layout import DATA, check_format
from arlarena_bench.report.reproduction import Reproduction, reproduction

BY_HAND = "paper"  # the tier whose runs are said and estimated, and started by nobody here

RunJobs = Callable[[Sequence[Job]], list[Failure]]


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What was asked, and all that there is of it.

    Attributes:
        asked: It.
        known: What ships about the paper.
        cells: What it consists of.
        planned: The runs of those that can be run.
        collected: The runs.
        missing: What is not there, and why, one line each.
        problems: What lay in the folders and could not be used.
        failures: Runs that failed just now.
    """

    asked: Asked
    known: Reproduction
    cells: list[Wanted]
    planned: Programme
    collected: Collected
    missing: list[str]
    problems: list[str]
    failures: list[Failure]


def reproduce_all(asked: Asked, run: RunJobs | None, say: Callable[[str], None]) -> Reproduced:
    """Run what is not there yet, and collect all that is.

    Args:
        asked: What was asked.
        run: Runs jobs and returns those that failed; None to run nothing.
        say: Told what is done before it is.

    Raises:
        ArenaError: If something was asked that there is not, or a folder holds other runs.
    """
    known = reproduction()
    cells = wanted(asked, known)
    planned = programme(asked, known, cells)
    found = collect(asked, planned)
    failures: list[Failure] = []
    if run is not None and asked.tier != BY_HAND:
        todo = left_to_run(planned, found)
        if todo:
            say(f"{len(todo)} runs of {asked.what} are not there yet, and are made now")
            failures = run(todo)
            play_references(planned, say)
            found = collect(asked, planned)
    missing = missing_lines(planned, found, known, asked.seeds)
    return Reproduced(asked, known, cells, planned, found, missing, found.problems, failures)


def reproduced_from(asked: Asked, runs: Iterable[FinishedRun]) -> Reproduced:
    """Return what there is of what was asked among runs that were found already.

    Raises:
        ArenaError: As `reproduce_all`.
    """
    known = reproduction()
    cells = wanted(asked, known)
    planned = programme(asked, known, cells)
    found = into_cells(planned, runs)
    missing = missing_lines(planned, found, known, asked.seeds)
    return Reproduced(asked, known, cells, planned, found, missing, found.problems, [])


def report(found: Reproduced, form: str) -> tuple[str, dict[str, Any]]:
    """Return what is printed, and the same as data.

    Args:
        found: What there is.
        form: `"csv"` or any format of the package `tabulate`.

    Raises:
        ArenaError: If the format is unknown.
    """
    check_format(form)
    text, data = _claims(found, form) if found.asked.what == CLAIMS else _table(found, form)
    if found.asked.tier == BY_HAND:
        cost = estimate(found.planned)
        fit = list(found.planned.jobs)
        lines = [b.line(found.asked.seeds) for b in benches(found.asked, found.known, fit)]
        data = {**data, "commands": lines, "estimate": cost}
        if form not in DATA:
            text = "\n\n".join([text, "What runs it:", "\n".join(lines), estimate_text(cost)])
    failed = [{"run": f.name, "reason": f.reason, "log": str(f.log)} for f in found.failures]
    return text, {**data, "failures": failed}


def _table(found: Reproduced, form: str) -> tuple[str, dict[str, Any]]:
    environments = {cell.environment: cell.short for cell in found.cells}
    runs = runs_by_environment(found.collected, found.asked.what)
    beside = side_by_side(found.asked.what, found.known, environments, runs, found.collected.starts)
    command = found.asked.line()
    return (
        render_beside(beside, form, command, found.missing),
        beside_json(beside, command, found.missing),
    )


def judged_claims(found: Reproduced) -> list[Judged]:
    """Return the verdict on each claim."""
    runs = found.collected.runs
    return judge(
        claims_of(found.asked, found.known),
        lambda experiment, environment: runs.get((experiment, environment), {}),
        found.known.contrast,
        found.collected.starts,
    )


def _claims(found: Reproduced, form: str) -> tuple[str, dict[str, Any]]:
    judged = judged_claims(found)
    command = found.asked.line()
    return (
        render_claims(judged, form, command, found.missing),
        claims_json(judged, command, found.missing),
    )
