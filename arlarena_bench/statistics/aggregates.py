"""Summaries of many runs beside their mean."""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import stats

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.samples import same_length, sample


def interquartile_mean(values: Iterable[float]) -> float:
    """Return the mean of the middle half (Agarwal et al. 2021); with under 4 values, the mean.

    Raises:
        ArenaError: Without values, or for NaN or infinity.
    """
    return float(stats.trim_mean(sample(values), 0.25))


def performance_profile(
    scores: Sequence[Sequence[float]], thresholds: Iterable[float]
) -> list[float]:
    """Return the share of runs that score above each threshold, environments counting alike.

    Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice".

    Args:
        scores: For each environment, one value a seed, on one scale.
        thresholds: Where to look.

    Raises:
        ArenaError: Without environments or seeds, or for NaN or infinity.
    """
    if not len(scores):
        raise ArenaError("no environments to draw a performance profile of")
    limits = sample(thresholds, 0, "thresholds")
    shares = [(sample(values)[:, None] > limits).mean(0) for values in scores]
    return [float(share) for share in np.mean(shares, axis=0)]


def time_to_target(steps: Sequence[float], values: Sequence[float], target: float) -> float | None:
    """Return the first step at which a curve reaches `target`, None if it never does.

    Args:
        steps: Where the curve was measured: training steps, or tokens sampled; rising.
        values: The curve there, smoothed as wanted.
        target: Reached by what is at least this high.

    Raises:
        ArenaError: If steps do not rise or are not as many as the values.
    """
    measured, curve = sample(steps, 0, "steps"), sample(values, 0)
    same_length(measured, curve)
    if (np.diff(measured) <= 0).any():
        raise ArenaError("the steps of a curve must rise; sort its records by step")
    reached = np.flatnonzero(curve >= target)
    return float(measured[reached[0]]) if len(reached) else None
