"""Facts of stability that need no thresholds of a detector."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import stats

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.intervals import LEVEL
from arlarena_bench.statistics.samples import check_counts, check_level, sample


def ended_below_start(
    solved: int, tasks: int, start_solved: int, start_tasks: int, level: float = LEVEL
) -> bool:
    """Whether a run solves a smaller share of a panel than the policy it started from.

    The one-sided test of two proportions with a pooled variance, without continuity correction. A
    run that is no different from its start is called so in 1 - level of cases.

    Args:
        solved: Tasks that the trained policy solves.
        tasks: Tasks that it played.
        start_solved: Tasks of the same panel that the start solves.
        start_tasks: Tasks that the start played.
        level: 1 - level is the test's size.

    Raises:
        ArenaError: Unless 0 <= solved <= tasks, both played at least one task and the level lies
            in (0, 1).
    """
    check_level(level)
    check_counts(tasks=tasks, solved=solved)
    check_counts(start_tasks=start_tasks, start_solved=start_solved)
    if not tasks or not start_tasks:
        raise ArenaError("a panel without tasks says nothing about a policy")
    pooled = (solved + start_solved) / (tasks + start_tasks)
    error = sqrt(pooled * (1 - pooled) * (1 / tasks + 1 / start_tasks))
    if error == 0:
        return False
    z = (solved / tasks - start_solved / start_tasks) / error
    return bool(stats.norm.cdf(z) < 1 - level)


def drawdown(values: Sequence[float], window: int = 1) -> float:
    """Return the share of its best that a run has lost at the end: 1 - final / best.

    Args:
        values: Success along training, at least 0.
        window: How many neighbouring values are averaged first, so that a lucky step is no best.
            A shorter curve is averaged whole.

    Returns:
        0 for a run that ends at its best, or never solved anything; 1 for one that lost all.

    Raises:
        ArenaError: Without values, for negative ones, NaN or infinity, or a window below 1.
    """
    curve = sample(values)
    if window < 1:
        raise ArenaError(f"a window must hold at least 1 value, got {window}")
    if (curve < 0).any():
        raise ArenaError(f"a drawdown is of values of at least 0, got {curve.min()}")
    smoothed = sliding_window_view(curve, min(window, len(curve))).mean(-1)
    best = smoothed.max()
    return float(1 - smoothed[-1] / best) if best > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Survival:
    """The Kaplan-Meier estimate of the share of runs that have not yet met their event.

    Attributes:
        times: When it falls, rising.
        shares: The share left from then on; 1 before the first.
        low: Lower bounds of its pointwise log-log intervals, 0 where none is defined.
        high: Their upper bounds, 1 where none is defined.
    """

    times: tuple[float, ...]
    shares: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def median(self) -> float | None:
        """When half have met their event; None if more than half were left at the end."""
        reached = (t for t, share in zip(self.times, self.shares, strict=True) if share <= 0.5)
        return next(reached, None)


def kaplan_meier(
    events: Sequence[float | None], ends: Sequence[float], level: float = LEVEL
) -> Survival:
    """Return how many runs survive for how long, such as the time to collapse over seeds.

    Args:
        events: When each run met its event; None for one that had not when it was last seen.
        ends: When each run was last seen, where survivors are censored.
        level: Of the intervals.

    Raises:
        ArenaError: Without runs, for an event after its run's end, a negative time, NaN or
            infinity.
    """
    check_level(level)
    last = sample(ends, 1, "ends")
    if len(events) != len(last):
        raise ArenaError(f"needs an end for each of {len(events)} runs, got {len(last)}")
    met = sample([t for t in events if t is not None], 0, "events")
    wrong = [(t, end) for t, end in zip(events, last, strict=True) if t is not None and t > end]
    if wrong:
        raise ArenaError(f"a run cannot meet its event at {wrong[0][0]}, it ended at {wrong[0][1]}")
    if (met < 0).any() or (last < 0).any():
        raise ArenaError("times must be at least 0")
    if not len(met):
        return Survival((), (), (), ())
    right = [end for t, end in zip(events, last, strict=True) if t is None]
    estimate = stats.ecdf(stats.CensoredData(uncensored=met, right=right)).sf
    with warnings.catch_warnings():
        # Where all or none survive the interval is undefined, which SciPy warns of.
        warnings.simplefilter("ignore", RuntimeWarning)
        bounds = estimate.confidence_interval(level, method="log-log")
    times = np.unique(met)
    shares = estimate.evaluate(times)
    low = np.nan_to_num(bounds.low.evaluate(times), nan=0.0)
    high = np.nan_to_num(bounds.high.evaluate(times), nan=1.0)
    columns = (times, shares, low, high)
    return Survival(*(tuple(float(x) for x in column) for column in columns))
