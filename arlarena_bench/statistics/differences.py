"""Differences between two methods, their families, and equivalence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import SupportsFloat

import numpy as np
from scipy import stats

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.intervals import LEVEL, t_bounds
from arlarena_bench.statistics.permutation import labels_p, least_p, signs_p
from arlarena_bench.statistics.samples import (
    ROUNDING,
    Floats,
    check_level,
    same_length,
    sample,
    variance,
)

EQUIVALENCE_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference in means, in the unit of the values.

    Attributes:
        estimate: The first mean minus the second.
        low: Lower bound of the interval.
        high: Upper bound of the interval.
        p: Two-sided p of no difference; not adjusted for others in its family (see `holm`).
        test: Which test gave p, in words.
    """

    estimate: float
    low: float
    high: float
    p: float
    test: str


def difference(
    a: Iterable[float], b: Iterable[float], paired: bool = False, level: float = LEVEL
) -> Difference:
    """Return the difference of two means over seeds, with its interval and p.

    The interval is Welch's, or Student's of the pairwise differences. p is exact, from all
    permutations of labels (or flips of signs), for up to 30 values together (or pairs); beyond,
    it is the t test's. With as many seeds on both sides the permutation test also holds its level
    where the spreads differ.

    Args:
        a: One value a seed; at least 2.
        b: The same of the other method. With `paired`, as many, in the same order.
        paired: Whether `a[i]` and `b[i]` share what varies, such as their start policy.
        level: Of the interval.

    Returns:
        The difference. Where no spread was seen, the bounds coincide and p is the smallest that a
        permutation test of these sizes can give, or 1 where the means are equal.

    Raises:
        ArenaError: Below 2 values, for NaN or infinity, for pairs of different lengths, for a
            level outside (0, 1).
    """
    check_level(level)
    first, second = sample(a, 2), sample(b, 2)
    if paired:
        same_length(first, second)
    estimate, error, freedom = (paired_t if paired else welch)(first, second)
    low, high = t_bounds(estimate, error, freedom, level)
    p, test = _p(first, second, paired, float(estimate), float(error), float(freedom))
    return Difference(float(estimate), float(low), float(high), p, test)


def welch(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Return difference in means, standard error and Welch's degrees of freedom, over axis -1."""
    parts = [(variance(x, np.abs(x).max(-1)) / x.shape[-1], x.shape[-1] - 1) for x in (a, b)]
    error, freedom = satterthwaite(parts)
    return a.mean(-1) - b.mean(-1), error, freedom


def paired_t(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean of a - b, its standard error and its degrees of freedom, over axis -1."""
    count = a.shape[-1]
    scale = np.maximum(np.abs(a).max(-1), np.abs(b).max(-1))
    error = np.sqrt(variance(a - b, scale) / count)
    return (a - b).mean(-1), error, np.full_like(error, count - 1)


def satterthwaite(parts: Sequence[tuple[Floats, float]]) -> tuple[Floats, Floats]:
    """Return the root of a sum of variances and its degrees of freedom (Satterthwaite 1946).

    Args:
        parts: Each variance of an estimate, with the degrees of freedom behind it.
    """
    total = np.asarray(sum(part for part, _ in parts))
    some = np.where(total > 0, total, 1.0)
    # Shares of the total: squares of variances would leave the range of floats.
    spread = np.asarray(sum((part / some) ** 2 / freedom for part, freedom in parts))
    least = np.full_like(total, min(freedom for _, freedom in parts))
    return np.sqrt(total), np.divide(1.0, spread, out=least, where=spread > 0)


def two_sided(estimate: SupportsFloat, error: SupportsFloat, freedom: SupportsFloat) -> float:
    """Return the two-sided p of t = estimate / error; without error, 1 for 0 and 0 for others."""
    if float(error) == 0:
        return float(float(estimate) == 0)
    return float(2 * stats.t.sf(abs(float(estimate)) / float(error), float(freedom)))


def holm(ps: Iterable[float]) -> list[float]:
    """Return p-values adjusted for their family by Holm's step-down method (1979), in their order.

    Rejecting what is at most 5 % makes one or more false rejections in the family at most 5 % of
    the time, whatever the dependence between the tests.

    Raises:
        ArenaError: If a p lies outside [0, 1].
    """
    given = sample(ps, 0, "p-values")
    if ((given < 0) | (given > 1)).any():
        raise ArenaError(f"p-values lie between 0 and 1, got {given.tolist()}")
    order = np.argsort(given, kind="stable")
    scaled = given[order] * np.arange(len(given), 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(p) for p in adjusted]


def equivalent(a: Iterable[float], b: Iterable[float], margin: float, paired: bool = False) -> bool:
    """Whether two means are shown to differ by less than `margin`, by two one-sided t tests at 5 %.

    That is where the 90 % interval of the difference lies inside (-margin, margin). False says
    that it was not shown, not that the means differ.

    Args:
        a: One value a seed; at least 2.
        b: The same of the other method.
        margin: Largest difference that does not matter, in the unit of the values: two points of
            success are 0.02 where success is a share.
        paired: As in `difference`.

    Raises:
        ArenaError: As `difference`, and for a margin that is not positive and finite.
    """
    if not (isfinite(margin) and margin > 0):
        raise ArenaError(f"a margin must be positive and finite, got {margin}")
    found = difference(a, b, paired, 1 - 2 * EQUIVALENCE_LEVEL)
    return -margin < found.low and found.high < margin


def _p(
    a: Floats, b: Floats, paired: bool, estimate: float, error: float, freedom: float
) -> tuple[float, str]:
    scale = max(np.abs(a).max(), np.abs(b).max())
    exact = signs_p(a - b, float(scale)) if paired else labels_p(a, b)
    if exact is not None:
        return exact, "exact permutation of " + ("signs" if paired else "labels")
    name = "paired t" if paired else "Welch's t"
    if error > 0:
        return two_sided(estimate, error, freedom), name
    return (1.0 if abs(estimate) <= ROUNDING * scale else least_p(a, b, paired)), name
