"""Statistics over seeds: means, interquartile means and bootstrap intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

RESAMPLES = 10_000
RESAMPLING_SEED = 0
LEVEL = 0.95


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean."""
    return float(np.mean(values))


def interquartile_mean(values: Sequence[float]) -> float:
    """Return the mean of the middle half (Agarwal et al. 2021); with under 4 values, the mean."""
    return float(stats.trim_mean(values, 0.25))


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval of the mean.

    Args:
        values: One value a training seed; the same values, in any order, give the same interval.

    Returns:
        The bounds of the 95 % interval; None for a single value, which says nothing about spread.
    """
    if len(values) < 2:
        return None
    data = np.sort(np.asarray(values, dtype=float))
    draws = np.random.default_rng(RESAMPLING_SEED).integers(0, len(data), (RESAMPLES, len(data)))
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(data[draws].mean(axis=1), [tail, 100 - tail])
    return float(low), float(high)


def paired_differences(values: Mapping[int, float], baseline: Mapping[int, float]) -> list[float]:
    """Return `values - baseline` for the seeds that both have, in order of seed."""
    return [values[seed] - baseline[seed] for seed in sorted(values.keys() & baseline.keys())]
