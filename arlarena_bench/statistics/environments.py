"""One test a method across environments, whose scores have different spreads."""

from collections.abc import Mapping, Sequence

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
from arlarena_bench.statistics.samples import Floats, check_level, same_length, sample


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
    return {name: _across(scores, name, baseline, paired, level) for name in sorted(common)}


def _across(
    scores: Mapping[str, Mapping[str, Sequence[float]]],
    name: str,
    baseline: str,
    paired: bool,
    level: float,
) -> Difference:
    estimates, parts = [], []
    for environment, methods in scores.items():
        ours, theirs = sample(methods[name], 2), sample(methods[baseline], 2)
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


def _spread(samples: Sequence[Floats]) -> float:
    """Return the standard deviation within samples, pooled."""
    squares = sum(((values - values.mean()) ** 2).sum() for values in samples)
    return float(np.sqrt(squares / sum(len(values) - 1 for values in samples)))
