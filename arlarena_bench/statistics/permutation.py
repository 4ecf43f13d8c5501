"""Exact permutation tests of a difference in means."""

from math import comb
from typing import Literal

import numpy as np

from arlarena_bench.statistics.samples import ROUNDING, Floats

# Work grows as 2 ** (values / 2): 30 values, which have 155 million labellings, take milliseconds.
MOST_VALUES = 30


def labels_p(a: Floats, b: Floats) -> float | None:
    """Return the two-sided p of all ways to label the pooled values as `a` and `b`.

    Twice the smaller tail of the difference in means, as `scipy.stats.permutation_test` has it.

    Returns:
        None where both samples have more than `MOST_VALUES` values together.
    """
    pooled = np.concatenate([a, b])
    if len(pooled) > MOST_VALUES:
        return None
    # A sum of len(a) pooled values splits into k from one half and the rest from the other, so
    # the two halves are enumerated and never the labellings.
    left, right = _sums_by_size(pooled[::2]), _sums_by_size(pooled[1::2])
    pairs = [(left[k], right[len(a) - k]) for k in range(len(left)) if 0 <= len(a) - k < len(right)]
    return _two_sided(pairs, float(a.sum()), _slack(pooled), comb(len(pooled), len(a)))


def signs_p(differences: Floats, scale: float) -> float | None:
    """Return the two-sided p of all ways to flip the signs of paired differences.

    Args:
        differences: One a pair.
        scale: Size of what was subtracted, which says what is rounding.

    Returns:
        None where there are more than `MOST_VALUES` pairs.
    """
    if len(differences) > MOST_VALUES:
        return None
    # With a subset S flipped, the sum falls by twice the sum of S: as extreme or more where that
    # is at most 0.
    left = np.concatenate(_sums_by_size(differences[::2]))
    right = np.concatenate(_sums_by_size(differences[1::2]))
    slack = ROUNDING * scale * len(differences)
    return _two_sided([(left, right)], 0.0, slack, 2 ** len(differences))


def least_p(a: Floats, b: Floats, paired: bool) -> float:
    """Return the smallest p that a permutation test of samples of these sizes can give."""
    count = 2 ** len(a) if paired else comb(len(a) + len(b), len(a))
    return min(1.0, 2 / count)


def _sums_by_size(values: Floats) -> list[Floats]:
    """Return, for each size k, the sums of all subsets of k values."""
    sums = [np.zeros(1)]
    for value in values:
        without = [*sums, np.empty(0)]
        containing = [np.empty(0), *(part + value for part in sums)]
        sums = [np.concatenate(both) for both in zip(without, containing, strict=True)]
    return sums


def _two_sided(
    pairs: list[tuple[Floats, Floats]], observed: float, slack: float, total: int
) -> float:
    pairs = [(left, np.sort(right)) for left, right in pairs]
    at_most = _count(pairs, observed + slack, "right")
    at_least = total - _count(pairs, observed - slack, "left")
    return min(1.0, 2 * min(at_most, at_least) / total)


def _count(pairs: list[tuple[Floats, Floats]], bound: float, side: Literal["left", "right"]) -> int:
    """Count the sums left + right below `bound`, or up to it; each right is sorted."""
    return sum(int(np.searchsorted(right, bound - left, side).sum()) for left, right in pairs)


def _slack(values: Floats) -> float:
    return ROUNDING * float(np.abs(values).sum())
