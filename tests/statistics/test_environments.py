import numpy as np
import pytest
from scipy import stats

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import (
    across_environments,
    average_contrast,
    average_interval,
    difference,
    mean_interval,
)

SCORES = {
    "shop": {"base": [1.0, 2.0, 3.0], "mine": [3.0, 4.0, 5.0], "only here": [0.0, 1.0]},
    "maze": {"base": [10.0, 20.0, 30.0], "mine": [20.0, 30.0, 40.0]},
}


def test_differences_are_measured_in_spreads() -> None:
    # The pooled standard deviation is 10 in the maze; in the shop √((2 + 2 + 1/2) / 5).
    shop, maze = 2 / np.sqrt(0.9), 10 / 10
    found = across_environments(SCORES, "base")
    assert list(found) == ["mine"]
    assert found["mine"].estimate == pytest.approx((shop + maze) / 2)


def test_one_environment_is_its_own_difference() -> None:
    one = {"maze": SCORES["maze"]}
    for paired in (False, True):
        rng = np.random.default_rng(2)
        one["maze"]["mine"] = [float(x) for x in rng.normal(25, 9, 3)]
        spread = np.sqrt(np.mean([np.var(x, ddof=1) for x in one["maze"].values()]))
        plain = difference(one["maze"]["mine"], one["maze"]["base"], paired)
        found = across_environments(one, "base", paired)["mine"]
        assert (found.low * spread, found.high * spread) == pytest.approx((plain.low, plain.high))


def test_without_a_difference_five_in_a_hundred_are_found() -> None:
    rng = np.random.default_rng(3)
    ps = []
    for _ in range(300):
        scores = {
            name: {method: rng.normal(0, sd, 6).tolist() for method in ("base", "mine")}
            for name, sd in (("a", 1.0), ("b", 5.0), ("c", 0.1))
        }
        ps.append(across_environments(scores, "base")["mine"].p)
    assert 0.02 < np.mean(np.array(ps) <= 0.05) < 0.08
    assert stats.kstest(ps, "uniform").pvalue > 0.001


def test_the_interval_of_an_average_is_of_independent_environments() -> None:
    samples = [[0.2, 0.4, 0.3], [0.8, 0.9, 0.7, 0.8]]
    variances = [np.var(x, ddof=1) / len(x) / 4 for x in samples]
    error = np.sqrt(sum(variances))
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / 2 + variances[1] ** 2 / 3)
    low, high = average_interval(samples)
    assert (low + high) / 2 == pytest.approx((0.3 + 0.8) / 2)
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, freedom) * error)
    assert average_interval(samples[:1]) == pytest.approx(mean_interval(samples[0]))
    with pytest.raises(ArenaError, match="no environments to average"):
        average_interval([])


def test_equal_seeds_everywhere_differ_by_nothing() -> None:
    flat = {"maze": {"base": [0.5, 0.5], "mine": [0.5, 0.5]}}
    found = across_environments(flat, "base")["mine"]
    assert (found.estimate, found.low, found.high, found.p) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({}, "no environments"),
        ({"maze": {"mine": [1.0, 2.0]}}, "maze has no results of base"),
        ({"maze": {"base": [0.0, 0.0], "mine": [1.0, 1.0]}}, "maze have no spread"),
        ({"maze": {"base": [0.45] * 3, "mine": [0.2] * 3}}, "maze have no spread"),  # rounding
        ({"maze": {"base": [0.0, 1.0], "mine": [1.0]}}, "at least 2 values"),
    ],
)
def test_bad_input_gets_a_line(scores: dict[str, dict[str, list[float]]], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        across_environments(scores, "base")


def test_a_contrast_is_averaged_and_tested_by_the_t_of_its_interval() -> None:
    one = average_contrast([[4.0, 6.0, 5.0, 9.0]])
    known = stats.ttest_1samp([4.0, 6.0, 5.0, 9.0], 0)
    assert (one.estimate, one.p) == pytest.approx((6.0, known.pvalue))
    bounds = known.confidence_interval()
    assert (one.low, one.high) == pytest.approx((bounds.low, bounds.high))
    samples = [[4.0, 6.0, 5.0, 9.0], [1.0, -1.0, 2.0]]
    both = average_contrast(samples)
    assert both.estimate == pytest.approx((6.0 + 2 / 3) / 2)
    assert (both.low, both.high) == average_interval(samples)
    # The p is that at which the interval's edge touches 0.
    low = average_contrast(samples, 1 - both.p).low
    assert low == pytest.approx(0.0, abs=1e-9)


def test_a_contrast_without_spread_is_tested_by_flips_of_signs() -> None:
    assert average_contrast([[3.0, 3.0, 3.0]]).p == 0.25
    assert average_contrast([[3.0] * 3, [3.0] * 3]).p == 2 / 64
    assert average_contrast([[0.0, 0.0, 0.0]]).p == 1.0
    with pytest.raises(ArenaError, match="at least 2"):
        average_contrast([[3.0]])
