"""The claim about other tasks: seeds nested in methods, tasks crossed with both.

success(method m, seed s, task t) = method + seed(m, s) + task(t) + method × task(m, t) + noise.

A panel's own tasks are fixed, so a difference over seed means (`difference`) speaks for
`PANEL_CLAIM`. For `TASKS_CLAIM` the tasks are a sample too: what a method × task effect adds does
not shrink with more seeds, only with more tasks.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.differences import (
    Difference,
    paired_t,
    satterthwaite,
    two_sided,
    welch,
)
from arlarena_bench.statistics.intervals import LEVEL, t_bounds
from arlarena_bench.statistics.permutation import least_p
from arlarena_bench.statistics.samples import Floats, check_level, matrix, same_length

PANEL_CLAIM = "this panel, new seeds and starts"
TASKS_CLAIM = "tasks like these, new seeds and starts"


def task_difference(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Iterable[object] | None = None,
    paired: bool = False,
    level: float = LEVEL,
) -> Difference:
    """Return the difference of two methods for new tasks as well as new seeds (`TASKS_CLAIM`).

    Its variance is (s_a² + s_b²) / S + σ²(method × task) / T. The second part is the variance of
    the difference over tasks, less what noise within tasks explains; over clusters of tasks it is
    the cluster-robust one. Degrees of freedom are Satterthwaite's, p is the t test's; neither is
    ever smaller than for the panel alone.

    Args:
        a: (seeds, tasks) outcomes, such as 0 or 1.
        b: The same of the other method, on the same tasks in the same order; seeds may be others
            and of another number.
        clusters: One label a task, where tasks come in groups that are alike, such as the goals of
            one shop. Each task is its own cluster if None.
        paired: Whether seed i of both shares its start policy.
        level: Of the interval.

    Raises:
        ArenaError: Below 2 seeds, tasks or clusters, for different tasks, for what is not a finite
            number, for a level outside (0, 1).
    """
    check_level(level)
    first, second = matrix(a, "outcomes"), matrix(b, "outcomes")
    if first.shape[1] != second.shape[1]:
        raise ArenaError(
            f"both methods must have played the same tasks, got {first.shape[1]} and "
            f"{second.shape[1]}"
        )
    if paired:
        same_length(first, second)
    units = _units(clusters, first.shape[1])
    estimate, error, freedom = crossed(first, second, units, paired)
    low, high = task_bounds(first, second, units, paired, level)
    _, panel_error, panel_freedom = _over_seeds(first, second, paired)
    if error > 0:
        p = max(
            two_sided(estimate, error, freedom), two_sided(estimate, panel_error, panel_freedom)
        )
    else:
        p = 1.0 if estimate == 0 else least_p(first, second, paired)
    return Difference(float(estimate), float(low), float(high), p, "t over seeds and tasks")


def task_bounds(
    a: Floats, b: Floats, units: Floats, paired: bool, level: float
) -> tuple[Floats, Floats]:
    """Return the bounds of `task_difference` over the axes (seeds, tasks), see `crossed`.

    With few seeds the tasks bring degrees of freedom, and the wider claim could get the narrower
    interval: it always holds the one for this panel.
    """
    low, high = t_bounds(*crossed(a, b, units, paired), level)
    panel_low, panel_high = t_bounds(*_over_seeds(a, b, paired), level)
    return np.minimum(low, panel_low), np.maximum(high, panel_high)


def crossed(a: Floats, b: Floats, units: Floats, paired: bool) -> tuple[Floats, Floats, Floats]:
    """Return difference, standard error and degrees of freedom over the axes (seeds, tasks).

    Args:
        a: (..., seeds, tasks).
        b: (..., seeds, tasks).
        units: (tasks, clusters) of 0 and 1, which task belongs to which.
        paired: Whether to take differences between seeds.
    """
    samples = [a - b] if paired else [a, b]
    count = units.shape[-1]
    correction = count / (count - 1)
    parts: list[tuple[Floats, float]] = []
    noise = np.zeros(a.shape[:-2])
    for outcomes in samples:
        seeds = outcomes.shape[-2]
        means = outcomes.mean(-1, keepdims=True)
        parts.append((means[..., 0].var(-1, ddof=1) / seeds, seeds - 1))
        # What each unit adds to a seed's mean.
        shares = (outcomes - means) @ units / outcomes.shape[-1]
        noise = noise + correction * shares.var(-2, ddof=1).sum(-1) / seeds
    estimate = a.mean((-1, -2)) - b.mean((-1, -2))
    by_task = a.mean(-2) - b.mean(-2) - estimate[..., None]
    observed = correction * ((by_task @ units / a.shape[-1]) ** 2).sum(-1)
    parts.append((np.maximum(observed - noise, 0.0), count - 1))
    error, freedom = satterthwaite(parts)
    return estimate, error, freedom


def _over_seeds(a: Floats, b: Floats, paired: bool) -> tuple[Floats, Floats, Floats]:
    return (paired_t if paired else welch)(a.mean(-1), b.mean(-1))


def _units(clusters: Iterable[object] | None, tasks: int) -> Floats:
    if clusters is None:
        return np.eye(tasks)
    labels = [str(label) for label in clusters]
    if len(labels) != tasks:
        raise ArenaError(f"needs a cluster label for each of {tasks} tasks, got {len(labels)}")
    names = sorted(set(labels))
    if len(names) < 2:
        raise ArenaError(
            f"all {tasks} tasks are of one cluster ({names[0]}), which says nothing about others; "
            "a claim about other tasks needs at least 2 clusters"
        )
    return np.array([[label == name for name in names] for label in labels], dtype=np.float64)
