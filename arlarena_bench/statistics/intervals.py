"""Intervals of a mean over seeds and of a share."""

from collections.abc import Iterable

import numpy as np
from scipy import stats

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.samples import Floats, check_counts, check_level, sample, variance

LEVEL = 0.95


def mean_interval(values: Iterable[float], level: float = LEVEL) -> tuple[float, float]:
    """Return Student's t interval of a mean: mean ± t(n - 1) · s / √n.

    Args:
        values: One value a training seed; at least 2.
        level: Share of repetitions in which the interval is to hold the true mean.

    Returns:
        Its bounds, in the unit of the values. Where all values are equal they coincide, since no
        spread was seen.

    Raises:
        ArenaError: Below 2 values, for NaN or infinity, for a level outside (0, 1).
    """
    check_level(level)
    low, high = mean_bounds(sample(values, 2), level)
    return float(low), float(high)


def mean_bounds(values: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the bounds of `mean_interval` over the last axis."""
    count = values.shape[-1]
    error = np.sqrt(variance(values, np.abs(values).max(-1)) / count)
    return t_bounds(values.mean(-1), error, np.float64(count - 1), level)


def t_bounds(
    estimate: Floats, error: Floats, freedom: Floats | np.float64, level: float
) -> tuple[Floats, Floats]:
    """Return estimate ± t · standard error, t with `freedom` degrees of freedom."""
    reach = stats.t.ppf((1 + level) / 2, freedom) * error
    return estimate - reach, estimate + reach


def clopper_pearson(k: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact interval of a share of which `k` of `n` were seen (Clopper, Pearson 1934).

    For few, independent cases, such as collapsed seeds: 0 of 5 is [0, 0.52].

    Raises:
        ArenaError: Unless 0 <= k <= n, n >= 1 and the level lies in (0, 1).
    """
    return _share(k, n, level, "exact")


def wilson(k: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval of a share, for the tasks inside one run.

    It says what another draw of as many tasks would give this policy; it says nothing about
    other seeds.

    Raises:
        ArenaError: Unless 0 <= k <= n, n >= 1 and the level lies in (0, 1).
    """
    return _share(k, n, level, "wilson")


def _share(k: int, n: int, level: float, method: str) -> tuple[float, float]:
    check_level(level)
    check_counts(n=n, k=k)
    if n < 1:
        raise ArenaError("a share of 0 cases has no interval; n must be at least 1")
    interval = stats.binomtest(int(k), int(n)).proportion_ci(level, method)
    return float(interval.low), float(interval.high)
