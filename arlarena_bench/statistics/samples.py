"""What every statistic asks of its input, and what it calls a spread: never a NaN."""

import math
from collections.abc import Iterable, Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arlarena_bench.errors import ArenaError

Floats = NDArray[np.float64]

# Values that differ by less than this share of their size differ by rounding alone.
ROUNDING = 1e-12


def sample(values: Iterable[float], least: int = 1, what: str = "values") -> Floats:
    """Return values as an array.

    Args:
        values: One number a seed, or a task.
        least: How many there must be.
        what: What an error calls them.

    Raises:
        ArenaError: If they are too few, not numbers, NaN or infinite.
    """
    try:
        array = np.asarray(list(values), dtype=np.float64)
    except (TypeError, ValueError):
        raise ArenaError(f"{what} must be one list of numbers, got {values!r:.80}") from None
    if array.ndim != 1:
        raise ArenaError(f"{what} must be one list of numbers, got {array.ndim} dimensions")
    if len(array) < least:
        raise ArenaError(f"needs at least {least} {what}, got {len(array)}; run more seeds")
    if not np.isfinite(array).all():
        place = int(np.argmin(np.isfinite(array)))
        raise ArenaError(
            f"{what} must be finite, number {place + 1} of {len(array)} is {array[place]}; "
            "score a failed run as it ended, or leave it out and say so"
        )
    return array


def matrix(values: Any, what: str) -> Floats:
    """Return a (seeds, tasks) array of at least 2 seeds and 2 tasks.

    Raises:
        ArenaError: If it has another shape, or holds what is not a finite number.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArenaError(f"{what} must be numbers, as many tasks for every seed") from None
    if array.ndim != 2 or min(array.shape) < 2:
        raise ArenaError(f"{what} must have at least 2 seeds × 2 tasks, got shape {array.shape}")
    if not np.isfinite(array).all():
        seed, task = np.argwhere(~np.isfinite(array))[0]
        raise ArenaError(f"{what} must be finite, seed {seed}, task {task} is {array[seed, task]}")
    return array


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1)."""
    if not 0 < level < 1:
        raise ArenaError(f"a confidence level lies between 0 and 1, got {level}; 95 % is 0.95")


def check_counts(**counts: int) -> None:
    """Refuse counts that are not whole numbers, negative, or out of order as they are named.

    Raises:
        ArenaError: If a count is larger than the one named before it.
    """
    before = math.inf
    told = ", ".join(f"{name} = {value}" for name, value in counts.items())
    for value in counts.values():
        try:
            number = index(value)
        except TypeError:
            raise ArenaError(f"counts must be whole numbers, got {told}") from None
        if not 0 <= number <= before:
            raise ArenaError(f"counts must be at least 0 and fit in each other, got {told}")
        before = number


def same_length(a: Sequence[float] | Floats, b: Sequence[float] | Floats) -> None:
    """Refuse to pair samples of different lengths."""
    if len(a) != len(b):
        raise ArenaError(
            f"paired samples must be as long as each other, got {len(a)} and {len(b)}; "
            "give the same starts in the same order"
        )


def variance(values: Floats, scale: Floats) -> Floats:
    """Return the unbiased variance over the last axis, 0 where values differ by rounding alone.

    Args:
        values: (..., values).
        scale: Size of what the values were computed from.
    """
    found = values.var(-1, ddof=1)
    return np.where(np.ptp(values, axis=-1) <= ROUNDING * scale, 0.0, found)
