from typing import Any

import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import clopper_pearson, mean_interval, wilson

# Student's sleep data (R: sleep), extra hours of sleep under the second drug.
SLEEP = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_mean_interval_is_that_of_r() -> None:
    # t.test(sleep$extra[11:20])$conf.int
    assert mean_interval(SLEEP) == pytest.approx((0.8976775, 3.7623225), abs=1e-7)


def test_two_values_reach_twelve_standard_errors() -> None:
    # t(1) is Cauchy's distribution: its 97.5 % point is tan(0.475 π) = 12.7062.
    assert mean_interval([0.4, 0.6]) == pytest.approx((0.5 - 1.27062, 0.5 + 1.27062), abs=1e-5)


def test_another_level() -> None:
    # At 50 % Cauchy's point is tan(π / 4) = 1, and the standard error 0.1.
    assert mean_interval([0.4, 0.6], 0.5) == pytest.approx((0.4, 0.6))


def test_equal_values_have_an_interval_without_width() -> None:
    low, high = mean_interval([0.1, 0.1, 0.1])
    assert low == high == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("values", "level", "message"),
    [
        ([], 0.95, "at least 2 values, got 0"),
        ([0.5], 0.95, "at least 2 values, got 1"),
        ([0.5, float("nan"), 1], 0.95, "number 2 of 3 is nan"),
        ([0.5, float("inf")], 0.95, "number 2 of 2 is inf"),
        (["a", "b"], 0.95, "one list of numbers"),
        (0.5, 0.95, "one list of numbers, got 0.5"),
        (None, 0.95, "one list of numbers, got None"),
        ([[1, 2], [3, 4]], 0.95, "2 dimensions"),
        ([1, 2], 95, "between 0 and 1, got 95"),
        ([1, 2], 0, "between 0 and 1"),
        ([1, 2], 1, "between 0 and 1"),
        ([1, 2], float("nan"), "between 0 and 1"),
    ],
)
def test_bad_input_gets_a_line(values: Any, level: float, message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        mean_interval(values, level)


# Newcombe 1998, "Two-sided confidence intervals for the single proportion", Table I.
@pytest.mark.parametrize(
    ("k", "n", "exact", "score"),
    [
        (81, 263, (0.2527, 0.3676), (0.2553, 0.3662)),
        (15, 148, (0.0578, 0.1617), (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1684), (0.0, 0.1611)),
        (1, 29, (0.0009, 0.1776), (0.0061, 0.1718)),
    ],
)
def test_shares_have_the_published_intervals(
    k: int, n: int, exact: tuple[float, float], score: tuple[float, float]
) -> None:
    assert clopper_pearson(k, n) == pytest.approx(exact, abs=5e-5)
    assert wilson(k, n) == pytest.approx(score, abs=5e-5)


def test_none_of_five_seeds_may_still_be_every_second() -> None:
    # The upper bound p solves (1 - p)^5 = 0.025.
    assert clopper_pearson(0, 5) == pytest.approx((0.0, 1 - 0.025**0.2))
    assert clopper_pearson(5, 5) == pytest.approx((0.025**0.2, 1.0))


@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 5), (0, 0), (0.5, 5), (1, 2.5)])
def test_impossible_counts_get_a_line(interval, k, n) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ArenaError, match=r"count|cases"):
        interval(k, n)
    with pytest.raises(ArenaError, match="level"):
        interval(1, 5, 95)
