"""One test a method across environments, whose scores have different spreads."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.differences import (
    Difference,
    paired_t,
    satterthwaite,
    two_sided,
    welch,
)
from arlarena_bench.statistics.intervals import LEVEL, t_bounds
from arlarena_bench.statistics.samples import Floats, check_level, same_length, sample, variance


def across_environments(
    scores: Mapping[str, Mapping[str, Sequence[float]]],
    baseline: str,
    paired: bool = False,
    level: float = LEVEL,
) -> dict[str, Difference]:
    """Return each method's mean standardised difference from a baseline across environments.

    A difference in one environment is divided by the spread of seeds there, pooled over its
    methods, so that no environment counts more because its scores spread more; the mean over
    environments is tested once, by t. The methods are one family: adjust their p by `holm`.

    Args:
        scores: Environment → method → one value a seed.
        baseline: What is subtracted.
        paired: Whether value i of every method in an environment is from the same start.
        level: Of the intervals.

    Returns:
        A difference in pooled standard deviations for every method that all environments have, by
        name, without the baseline.

    Raises:
        ArenaError: Without environments, where one lacks the baseline, for a method with fewer
            than 2 seeds, where the seeds of an environment have no spread at all and yet differ.
    """
    check_level(level)
    if not scores:
        raise ArenaError("no environments to compare methods across")
    for environment, methods in scores.items():
        if baseline not in methods:
            raise ArenaError(f"{environment} has no results of {baseline} to compare with")
    common = set.intersection(*(set(methods) for methods in scores.values())) - {baseline}
    return {
        name: standardised_difference(scores, name, baseline, paired, level)
        for name in sorted(common)
    }


def standardised_difference(
    scores: Mapping[str, Mapping[str, Sequence[float]]],
    name: str,
    other: str,
    paired: bool = False,
    level: float = LEVEL,
) -> Difference:
    """Return the mean standardised difference of two methods, see `across_environments`.

    Args:
        scores: Environment → method → one value a seed. Each has both; all its methods give the
            spread of its seeds.
        name: The one.
        other: What is subtracted from it.
        paired: Whether value i of both is from the same start, in every environment.
        level: Of the interval.

    Raises:
        ArenaError: Without environments, for fewer than 2 seeds of a method, where the seeds of an
            environment have no spread at all and yet differ.
    """
    check_level(level)
    if not scores:
        raise ArenaError(f"no environments to compare {name} with {other} across")
    estimates, parts = [], []
    for environment, methods in scores.items():
        ours, theirs = sample(methods[name], 2), sample(methods[other], 2)
        if paired:
            same_length(ours, theirs)
        estimate, error, freedom = (paired_t if paired else welch)(ours, theirs)
        spread = _spread([sample(values, 2) for values in methods.values()])
        if spread == 0 and estimate != 0:
            raise ArenaError(
                f"the seeds of {environment} have no spread, so its differences cannot be "
                "standardised; leave it out"
            )
        spread = spread or 1.0
        estimates.append(float(estimate) / spread)
        parts.append(((error / spread / len(scores)) ** 2, float(freedom)))
    mean = float(np.mean(estimates))
    error, freedom = satterthwaite(parts)
    low, high = t_bounds(np.asarray(mean), error, freedom, level)
    p = two_sided(mean, error, freedom)
    return Difference(mean, float(low), float(high), p, "t on the mean standardised difference")


def average_interval(
    samples: Iterable[Sequence[float]], level: float = LEVEL
) -> tuple[float, float]:
    """Return the t interval of a method's mean over environments, which count alike.

    Its variance is the sum of s² / seeds over environments, divided by their number squared;
    degrees of freedom are Satterthwaite's.

    Args:
        samples: One value a seed of each environment; at least 2 of each.
        level: Of the interval.

    Raises:
        ArenaError: Without environments, below 2 values, for NaN or infinity, for a level outside
            (0, 1).
    """
    found = average_contrast(samples, level)
    return found.low, found.high


def average_contrast(samples: Iterable[Sequence[float]], level: float = LEVEL) -> Difference:
    """Return the mean over environments of a contrast that each seed gives one value of.

    The contrast is any weighted sum of what the seed gave under several conditions, such as a
    difference of differences. Interval as `average_interval`'s, p by the same t.

    Args:
        samples: One value a seed of each environment; at least 2 of each.
        level: Of the interval.

    Returns:
        The mean. Where no spread was seen and it is not 0, p is the smallest that flips of signs
        of so many values can give.

    Raises:
        ArenaError: As `average_interval`.
    """
    check_level(level)
    found = [sample(values, 2) for values in samples]
    if not found:
        raise ArenaError("no environments to average over")
    parts = [(variance(x, np.abs(x).max(-1)) / len(x) / len(found) ** 2, len(x) - 1) for x in found]
    error, freedom = satterthwaite(parts)
    mean = float(np.mean([x.mean() for x in found]))
    low, high = t_bounds(np.asarray(mean), error, freedom, level)
    if error > 0 or mean == 0:
        p, test = two_sided(mean, error, freedom), "t on the mean contrast"
    else:
        p, test = 2.0 ** (1 - sum(map(len, found))), "flips of signs"
    return Difference(mean, float(low), float(high), p, test)


def _spread(samples: Sequence[Floats]) -> float:
    """Return the standard deviation within samples, pooled."""
    squares = sum(variance(x, np.abs(x).max(-1)) * (len(x) - 1) for x in samples)
    return float(np.sqrt(squares / sum(len(x) - 1 for x in samples)))
