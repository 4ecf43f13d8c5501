import warnings

import numpy as np
import pytest
from scipy import stats

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import difference, equivalent, holm

# R: sleep. Extra hours of sleep under two drugs, ten people.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def mean_difference(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


def test_welch_is_that_of_r() -> None:
    # t.test(extra ~ group, sleep)$conf.int
    found = difference(FIRST, SECOND)
    assert found.estimate == pytest.approx(-1.58)
    assert (found.low, found.high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-7)


def test_pairs_are_those_of_r() -> None:
    # t.test(first, second, paired = TRUE)$conf.int
    found = difference(FIRST, SECOND, paired=True)
    assert (found.low, found.high) == pytest.approx((-2.4598858, -0.7001142), abs=1e-7)


def test_p_beyond_the_exact_bound_is_that_of_welch() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, 16), rng.normal(0.6, 2, 15)
    expected = stats.ttest_ind(a, b, equal_var=False)
    found = difference(a, b)
    assert found.test == "Welch's t"
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(("m", "n"), [(2, 2), (3, 3), (5, 5), (3, 6), (7, 2)])
def test_p_of_labels_is_exact(m: int, n: int) -> None:
    rng = np.random.default_rng(m * 10 + n)
    # Shares of ten tasks, so that many labellings tie.
    a, b = rng.binomial(10, 0.4, m) / 10, rng.binomial(10, 0.7, n) / 10
    expected = stats.permutation_test((a, b), mean_difference, n_resamples=np.inf, vectorized=True)
    assert difference(a, b).p == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("n", [2, 3, 5, 9])
def test_p_of_signs_is_exact(n: int) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.binomial(10, 0.4, n) / 10, rng.binomial(10, 0.6, n) / 10
    expected = stats.permutation_test(
        (a, b), mean_difference, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert difference(a, b, paired=True).p == pytest.approx(expected.pvalue)


def test_five_seeds_apart_have_the_smallest_exact_p() -> None:
    # 2 of the C(10, 5) = 252 labellings, and 2 of the 2^5 signs.
    a, b = [0.1, 0.2, 0.3, 0.4, 0.5], [0.6, 0.7, 0.8, 0.9, 1.0]
    assert difference(a, b).p == pytest.approx(2 / 252)
    assert difference(a, b, paired=True).p == pytest.approx(2 / 32)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("count", [2, 5, 40])
@pytest.mark.parametrize("value", [0.0, 0.3, 1e-9, 3e7])
def test_without_spread_nothing_is_nan(paired: bool, count: int, value: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = difference([value] * count, [value] * count, paired)
        apart = difference([value + 1] * count, [value] * count, paired)
        one = difference(np.linspace(value, value + 1, count), [value] * count, paired)
    assert (same.estimate, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert apart.low == apart.estimate == apart.high == pytest.approx(1)
    assert 0 < apart.p < 1 / count + 0.51
    assert all(np.isfinite([one.low, one.high, one.p]))


def test_rounding_is_not_a_spread() -> None:
    # 0.7 - 0.4 and 0.6 - 0.3 differ in their last bit.
    found = difference([0.7, 0.6, 0.4], [0.4, 0.3, 0.1], paired=True)
    assert found.low == found.high
    assert found.p == pytest.approx(2 / 8)


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_the_unit_does_not_matter(scale: float) -> None:
    plain = difference(FIRST, SECOND)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = difference([scale * x for x in FIRST], [scale * x for x in SECOND])
    assert (found.low / scale, found.high / scale) == pytest.approx((plain.low, plain.high))
    assert found.p == pytest.approx(plain.p)


def test_swapping_the_samples_turns_the_sign() -> None:
    there, back = difference(FIRST, SECOND[:6]), difference(SECOND[:6], FIRST)
    assert (there.estimate, there.low, there.high) == pytest.approx(
        (-back.estimate, -back.high, -back.low)
    )
    assert there.p == pytest.approx(back.p)


@pytest.mark.parametrize(
    ("a", "b", "paired", "message"),
    [
        ([1.0], [1.0, 2.0], False, "at least 2 values, got 1"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], True, "got 2 and 3"),
        ([1.0, float("nan")], [1.0, 2.0], False, "nan"),
    ],
)
def test_bad_samples_get_a_line(a: list[float], b: list[float], paired: bool, message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        difference(a, b, paired)


def test_holm_is_that_of_r() -> None:
    # p.adjust(c(0.04, 0.01, 0.03, 0.02, 0.05), "holm")
    assert holm([0.04, 0.01, 0.03, 0.02, 0.05]) == pytest.approx([0.09, 0.05, 0.09, 0.08, 0.09])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_gets_a_line(p: float) -> None:
    with pytest.raises(ArenaError, match="p-values"):
        holm([0.5, p])


def test_equivalence_asks_for_a_narrow_interval_inside_the_margin() -> None:
    # Mean difference 0.01; standard error √(2 · 0.0001 / 5) = 0.00632, t(8) = 1.8595 at 95 %: the
    # 90 % interval ends at 0.02176.
    a = [0.50, 0.51, 0.49, 0.5 + 0.01 * 2**0.5 / 2, 0.5 - 0.01 * 2**0.5 / 2]
    a = [0.5 + (x - 0.5) * (0.01 / np.std(a, ddof=1)) for x in a]
    b = [x - 0.01 for x in a]
    assert equivalent(a, b, 0.0218)
    assert not equivalent(a, b, 0.0217)
    assert equivalent(a, b, 0.0101, paired=True)
    assert not equivalent(a, b, 0.0099, paired=True)


def test_no_difference_is_not_equivalence() -> None:
    a, b = [0.2, 0.5, 0.8], [0.3, 0.5, 0.7]
    assert difference(a, b).p > 0.9
    assert not equivalent(a, b, 0.02)


@pytest.mark.parametrize("margin", [0, -0.02, float("nan"), float("inf")])
def test_a_margin_is_positive(margin: float) -> None:
    with pytest.raises(ArenaError, match="margin"):
        equivalent([1, 2], [1, 2], margin)
