import pytest

from arlarena_bench.report.statistics import (
    bootstrap_interval,
    interquartile_mean,
    mean,
    paired_differences,
)


def test_mean() -> None:
    assert mean([0.25, 0.5, 0.75, 1.0]) == 0.625


def test_interquartile_mean_drops_a_quarter_at_each_end() -> None:
    # Of eight values, two go at each end: (3 + 4 + 5 + 6) / 4.
    assert interquartile_mean([100, 1, 2, 3, 4, 5, 6, -100]) == pytest.approx((2 + 3 + 4 + 5) / 4)
    # Of five, one at each end.
    assert interquartile_mean([0.0, 0.5, 0.6, 0.7, 9.0]) == pytest.approx(0.6)


def test_interquartile_mean_of_few_values_is_their_mean() -> None:
    assert interquartile_mean([0.2, 0.4, 0.9]) == pytest.approx(0.5)


def test_one_seed_has_no_interval() -> None:
    assert bootstrap_interval([0.6]) is None
    assert bootstrap_interval([]) is None


def test_interval_of_two_values_is_their_range() -> None:
    # A resample of {a, b} has mean a, (a + b) / 2 or b with probability 1/4, 1/2, 1/4, so both
    # 2.5 % tails lie on the ends.
    assert bootstrap_interval([0.4, 0.6]) == pytest.approx((0.4, 0.6))


def test_interval_agrees_with_the_exact_bootstrap_distribution() -> None:
    # Of {0, 0, 0, 0, 1}, a resample's mean is Binomial(5, 1/5) / 5: 97.5 % lie at or below 3/5
    # (cumulative 0.9933, and 0.9421 at 2/5), 2.5 % at 0 (0.3277).
    assert bootstrap_interval([0, 1, 0, 0, 0]) == pytest.approx((0.0, 0.6))


def test_interval_narrows_with_more_seeds() -> None:
    few, many = bootstrap_interval([0.4, 0.6] * 2), bootstrap_interval([0.4, 0.6] * 20)
    assert few is not None
    assert many is not None
    assert many[1] - many[0] < 0.5 * (few[1] - few[0])


def test_interval_does_not_depend_on_the_order_of_seeds() -> None:
    values = [0.31, 0.42, 0.55, 0.61, 0.7]
    assert bootstrap_interval(values) == bootstrap_interval(values[::-1])


def test_differences_are_paired_by_seed() -> None:
    ours, theirs = {0: 0.5, 1: 0.7, 3: 0.9}, {1: 0.6, 0: 0.1, 2: 0.0}
    assert paired_differences(ours, theirs) == pytest.approx([0.4, 0.1])
    assert paired_differences({5: 1.0}, theirs) == []
