"""Intervals called 95 % hold the truth in 93 to 97 % of repetitions."""

import re
from operator import itemgetter
from typing import Any

import numpy as np
import pytest
from field_cases import cases

from arlarena_bench.statistics import difference, mean_interval, task_difference
from arlarena_bench.statistics.differences import paired_t, welch
from arlarena_bench.statistics.intervals import mean_bounds, t_bounds
from arlarena_bench.statistics.samples import Floats
from arlarena_bench.statistics.tasks import task_bounds

REPETITIONS = 20_000
FEWER = 3_000  # of whole panels; a share of 0.95 is then known to ± 0.004
SEEDS = [3, 6, 10]
TASKS = 48


def coverage(bounds: tuple[Floats, Floats], truth: float) -> float:
    low, high = bounds
    return float(((low <= truth) & (truth <= high)).mean())


def scores(rng: np.random.Generator, seeds: int, spread: float = 0.03) -> Floats:
    return rng.normal(0.7, spread, (REPETITIONS, seeds))


@pytest.mark.parametrize("seeds", SEEDS)
def test_the_interval_of_a_mean(seeds: int) -> None:
    values = scores(np.random.default_rng(seeds), seeds)
    bounds = mean_bounds(values, 0.95)
    assert 0.93 <= coverage(bounds, 0.7) <= 0.97
    # What was simulated is the public function.
    assert mean_interval(values[0]) == pytest.approx((bounds[0][0], bounds[1][0]))


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("spread", [0.03, 0.15])
@pytest.mark.parametrize("paired", [False, True])
def test_the_interval_of_a_difference(seeds: int, spread: float, paired: bool) -> None:
    rng = np.random.default_rng(seeds)
    a, b = scores(rng, seeds), scores(rng, seeds, spread) - 0.1
    if paired:
        start = rng.normal(0, 0.1, a.shape)
        a, b = a + start, b + start
    bounds = t_bounds(*(paired_t if paired else welch)(a, b), 0.95)
    assert 0.93 <= coverage(bounds, 0.1) <= 0.97
    public = difference(a[0], b[0], paired)
    assert (public.low, public.high) == pytest.approx((bounds[0][0], bounds[1][0]))


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("clusters", [TASKS, 16])
@pytest.mark.parametrize("paired", [False, True])
def test_the_claim_about_other_tasks(seeds: int, clusters: int, paired: bool) -> None:
    """Success = method + seed + task + method × task + noise, drawn anew in each repetition."""
    rng = np.random.default_rng([seeds, clusters, paired])
    labels = np.arange(TASKS) % clusters
    start = rng.normal(0, 0.05, (FEWER, seeds, 1))
    task = rng.normal(0, 0.3, (FEWER, 1, TASKS))

    def outcomes(method: float) -> Floats:
        seed = start * paired + rng.normal(0, 0.04, (FEWER, seeds, 1))
        by_task = rng.normal(0, 0.15, (FEWER, 1, TASKS))
        by_cluster = rng.normal(0, 0.1, (FEWER, 1, clusters))[..., labels]
        noise = rng.normal(0, 0.4, (FEWER, seeds, TASKS))
        return method + seed + task + by_task + by_cluster + noise

    a, b = outcomes(0.6), outcomes(0.5)
    bounds = task_bounds(a, b, np.eye(clusters)[labels], paired, 0.95)
    assert 0.93 <= coverage(bounds, 0.1) <= 0.97
    public = task_difference(a[0], b[0], labels.tolist(), paired)
    assert (public.low, public.high) == pytest.approx((bounds[0][0], bounds[1][0]))
    # The interval for this panel alone does not hold what other tasks would give: the fewer seeds,
    # the wider it is by chance.
    narrow = t_bounds(*(paired_t if paired else welch)(a.mean(-1), b.mean(-1)), 0.95)
    assert coverage(narrow, 0.1) < (0.93 if seeds > 3 else 0.95)


@pytest.mark.parametrize("case", cases("interval-coverage"), ids=itemgetter("id"))
def test_inputs_that_failed_in_the_field(case: dict[str, Any]) -> None:
    counts = [int(n) for n in re.findall(r"(\d+) (?:normal )?(?:values|seeds)", case["input"])]
    assert counts
    rng = np.random.default_rng(5)
    for seeds in counts:
        values = scores(rng, seeds)
        if "difference" in case["input"]:
            bounds = t_bounds(*paired_t(values, scores(rng, seeds)), 0.95)
            assert coverage(bounds, 0.0) == pytest.approx(0.95, abs=0.01)
        else:
            assert coverage(mean_bounds(values, 0.95), 0.7) == pytest.approx(0.95, abs=0.01)
