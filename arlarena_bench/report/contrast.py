"""What separates methods: their differences from the baseline, and letters for ties."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.statistics import Difference, difference, holm, rank_letters, task_difference
from arlarena_bench.statistics.samples import Floats

LEAST_FOR_INTERVAL = 3  # the t interval of 2 seeds is 25 standard errors wide
# With 5 seeds no exact p is below 0.05: signs of pairs give 1/16 at the least.
LEAST_FOR_RANK = 6

Seeds = Mapping[int, FinishedRun]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A method's success minus the baseline's, as shares in [-1, 1].

    Attributes:
        estimate: Difference of the means over seeds.
        panel: For this panel, new seeds and starts; None below 3 seeds of either.
        p: That of `panel`, adjusted by Holm over the table's differences.
        tasks: For tasks like these, new seeds and starts; None below 3 seeds and where all
            tasks are of one cluster.
    """

    estimate: float
    panel: Difference | None = None
    p: float | None = None
    tasks: Difference | None = None


def contrasts(methods: Mapping[str, Seeds], baseline: str) -> dict[str, Contrast]:
    """Compare every method with the baseline; empty where that has no runs."""
    if baseline not in methods:
        return {}
    theirs = methods[baseline]
    found = untested({n: ours for n, ours in methods.items() if n != baseline}, theirs)
    tested = {name: contrast.panel for name, contrast in found.items() if contrast.panel}
    adjusted = dict(zip(tested, holm(panel.p for panel in tested.values()), strict=True))
    return {
        name: Contrast(c.estimate, c.panel, adjusted.get(name), c.tasks)
        for name, c in found.items()
    }


def untested(controls: Mapping[str, Seeds], baseline: Seeds | None) -> dict[str, Contrast]:
    """Return the differences from the baseline's runs without p; empty where it has none."""
    if not baseline:
        return {}
    return {name: _contrast(ours, baseline) for name, ours in controls.items()}


def ranks(methods: Mapping[str, Seeds]) -> dict[str, str]:
    """Return rank letters of the methods with seeds enough to be ranked."""
    enough = {name: seeds for name, seeds in methods.items() if len(seeds) >= LEAST_FOR_RANK}
    return rank_letters({name: success(seeds) for name, seeds in enough.items()}, crossed(enough))


def crossed(methods: Mapping[str, Seeds]) -> bool:
    """Whether all methods trained seed by seed from the same starts."""
    first = next(iter(methods.values()), {})
    return all(share_starts(seeds, first) for seeds in methods.values())


def success(seeds: Seeds) -> list[float]:
    """Return the success of each seed, in order of seed."""
    return [seeds[seed].result.main.summary.success for seed in sorted(seeds)]


def share_starts(ours: Seeds, theirs: Seeds) -> bool:
    """Whether two methods trained seed by seed from the same start, another one each seed."""
    starts, others = _starts(ours), _starts(theirs)
    return starts == others and len(set(starts.values())) == len(starts) > 1


def in_common(ours: Seeds, theirs: Seeds) -> tuple[Seeds, Seeds]:
    """Return both methods' runs from the starts that both have; all runs where these are too few.

    What is left can be paired, and a start's own height, which is more than most differences,
    drops out.
    """
    common = ours.keys() & theirs.keys()
    first, second = ({seed: runs[seed] for seed in sorted(common)} for runs in (ours, theirs))
    pairs = len(common) >= LEAST_FOR_INTERVAL and share_starts(first, second)
    return (first, second) if pairs else (ours, theirs)


def _starts(seeds: Seeds) -> dict[int, str | None]:
    starts = {seed: run.result.start for seed, run in seeds.items()}
    return {seed: start.sha256 if start else None for seed, start in starts.items()}


def _contrast(ours: Seeds, theirs: Seeds) -> Contrast:
    estimate = fmean(success(ours)) - fmean(success(theirs))
    if min(len(ours), len(theirs)) < LEAST_FOR_INTERVAL:
        return Contrast(estimate)
    paired = share_starts(ours, theirs)
    panel = difference(success(ours), success(theirs), paired)
    first = next(iter(ours.values())).result.main
    labels = {episode.task_id: episode.cluster for episode in first.episodes}
    # A task without a label is independent of all others.
    clusters = [task if cluster is None else f"in {cluster}" for task, cluster in labels.items()]
    if len(set(clusters)) < 2:
        return Contrast(estimate, panel)
    outcomes, others = _by_task(ours, list(labels)), _by_task(theirs, list(labels))
    tasks = task_difference(outcomes, others, clusters=clusters, paired=paired)
    return Contrast(estimate, panel, tasks=tasks)


def _by_task(seeds: Seeds, tasks: list[str]) -> Floats:
    """Return (seeds, tasks): the success of each over its attempts; a table's runs share tasks."""
    rows = []
    for seed in sorted(seeds):
        attempts: dict[str, list[bool]] = {}
        for episode in seeds[seed].result.main.episodes:
            attempts.setdefault(episode.task_id, []).append(episode.success)
        rows.append([fmean(attempts[task]) for task in tasks])
    return np.array(rows)
