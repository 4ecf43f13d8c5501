"""The paper's claims as statements that runs can contradict, and the verdicts on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.measures import (
    ENDED_BELOW,
    SUCCESS,
    Starts,
    check_measure,
    measured,
    of_summary,
    start_of,
)
from arlarena_bench.report.paper_tables import DataPart
from arlarena_bench.statistics import Difference, average_contrast, difference, holm

START_CELL = "start"
SIGNIFICANT = 0.05
Verdict = Literal["holds", "does not hold", "undecided", "no runs"]
Runs = Mapping[str, Mapping[int, FinishedRun]]
"""The runs of one environment: cell → seed → run."""


class Claim(DataPart):
    """One statement.

    Attributes:
        says: It in words.
        place: Where the paper says it.
        experiment: Whose cells it is about.
        environments: Where it is tested, by the paper's names; the contrast is averaged over them.
        measure: What of each run.
        contrast: A signed sum of cells, as `a - b - c + d`; `start` is the run's start policy.
        direction: On which side of 0 the contrast lies if the claim holds.
    """

    says: str
    place: str
    experiment: str
    environments: tuple[str, ...] = Field(min_length=1)
    measure: str = SUCCESS
    contrast: str
    direction: Literal["above", "below"]

    @model_validator(mode="after")
    def _testable(self) -> "Claim":
        check_measure(self.measure)
        signs = [sign for sign, _ in self.terms]
        if sum(signs) != 0:
            raise ValueError(f"contrast {self.contrast!r} does not compare: its signs must cancel")
        if self.measure == ENDED_BELOW and len(signs) != 2:
            raise ValueError(f"{ENDED_BELOW} is compared between two cells, got {self.contrast!r}")
        return self

    @property
    def terms(self) -> list[tuple[int, str]]:
        """The contrast as (sign, cell)."""
        words = ["+", *self.contrast.split()]
        signs = {"+": 1, "-": -1}
        if len(words) % 2 or not all(word in signs for word in words[::2]):
            raise ValueError(f"contrast {self.contrast!r} is no sum such as 'a - b - c + d'")
        return [(signs[s], cell) for s, cell in zip(words[::2], words[1::2], strict=True)]

    @property
    def cells(self) -> list[str]:
        """The cells that must be run for it."""
        return [cell for _, cell in self.terms if cell != START_CELL]


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim and what the runs say.

    Attributes:
        name: The claim's.
        claim: It.
        environments: Where there were runs enough.
        missing: Where there were not.
        seeds: Fewest seeds of such an environment.
        paper: The same contrast of the paper's numbers; None where these do not have it.
        found: The contrast, its interval and its own p; None without runs enough.
        p: Adjusted by Holm over all claims that were tested.
        verdict: What follows.
    """

    name: str
    claim: Claim
    environments: tuple[str, ...]
    missing: tuple[str, ...]
    seeds: int
    paper: float | None
    found: Difference | None
    p: float | None
    verdict: Verdict


def judge(
    claims: Mapping[str, Claim],
    runs_of: Callable[[str, str], Runs],
    paper_of: Callable[[Claim], float | None],
    starts: Starts,
) -> list[Judged]:
    """Return the verdict on each claim; those that can be tested are one family.

    Args:
        claims: By name.
        runs_of: Gives the runs of (experiment, environment by the paper's name).
        paper_of: Gives a claim's contrast by the paper's own numbers.
        starts: What start policies reached.
    """
    found: dict[str, Difference] = {}
    samples: dict[str, dict[str, list[list[float]]]] = {}
    for name, claim in claims.items():
        every = {env: _values(claim, runs_of(claim.experiment, env), starts)
                 for env in claim.environments}  # fmt: skip
        samples[name] = {e: v for e, v in every.items() if len(v) >= LEAST_FOR_INTERVAL}
        if samples[name]:
            found[name] = _test(claim, list(samples[name].values()))
    adjusted = dict(zip(found, holm(test.p for test in found.values()), strict=True))
    return [
        Judged(
            name=name,
            claim=claim,
            environments=tuple(samples[name]),
            missing=tuple(env for env in claim.environments if env not in samples[name]),
            seeds=min(map(len, samples[name].values()), default=0),
            paper=paper_of(claim),
            found=found.get(name),
            p=adjusted.get(name),
            verdict=_verdict(claim, found.get(name), adjusted.get(name)),
        )
        for name, claim in claims.items()
    ]


def _values(claim: Claim, runs: Runs, starts: Starts) -> list[list[float]]:
    """Return for each seed that all cells have the values of the contrast's terms."""
    seeds = set.intersection(*(set(runs.get(cell, {})) for cell in claim.cells))
    rows = []
    for seed in sorted(seeds):
        row = [_value(claim, cell, runs, seed, starts) for _, cell in claim.terms]
        if None not in row:
            rows.append([value for value in row if value is not None])
    return rows


def _value(claim: Claim, cell: str, runs: Runs, seed: int, starts: Starts) -> float | None:
    if cell != START_CELL:
        return measured(runs[cell][seed], claim.measure, starts)
    result = runs[claim.cells[0]][seed].result
    start = start_of(result, starts)
    return of_summary(start.scores[result.headline].summary, claim.measure) if start else None


def _test(claim: Claim, environments: Sequence[Sequence[Sequence[float]]]) -> Difference:
    signs = [sign for sign, _ in claim.terms]
    if claim.measure == ENDED_BELOW:
        # Yes and no of single runs: labels are permuted, all environments together.
        ours, theirs = zip(*(row for rows in environments for row in rows), strict=True)
        return difference(ours, theirs) if signs[0] > 0 else difference(theirs, ours)
    contrasts = [
        [sum(sign * value for sign, value in zip(signs, row, strict=True)) for row in rows]
        for rows in environments
    ]
    return average_contrast(contrasts)


def _verdict(claim: Claim, found: Difference | None, p: float | None) -> Verdict:
    if found is None or p is None:
        return "no runs"
    if p >= SIGNIFICANT or found.estimate == 0:
        return "undecided"
    return "holds" if (found.estimate > 0) == (claim.direction == "above") else "does not hold"
