"""Statistics of benchmark results, on SciPy; docs/statistics.md says what is used where."""

from arlarena_bench.statistics.aggregates import (
    interquartile_mean,
    performance_profile,
    time_to_target,
)
from arlarena_bench.statistics.attempts import pass_at_k, pass_hat_k
from arlarena_bench.statistics.differences import Difference, difference, equivalent, holm
from arlarena_bench.statistics.environments import (
    across_environments,
    average_contrast,
    average_interval,
    standardised_difference,
)
from arlarena_bench.statistics.intervals import LEVEL, clopper_pearson, mean_interval, wilson
from arlarena_bench.statistics.ranks import (
    best_of,
    letters_of_pairs,
    rank_letters,
    within_seeds_p,
)
from arlarena_bench.statistics.stability import (
    Survival,
    drawdown,
    ended_below_start,
    kaplan_meier,
)
from arlarena_bench.statistics.tasks import PANEL_CLAIM, TASKS_CLAIM, task_difference

__all__ = [
    "LEVEL",
    "PANEL_CLAIM",
    "TASKS_CLAIM",
    "Difference",
    "Survival",
    "across_environments",
    "average_contrast",
    "average_interval",
    "best_of",
    "clopper_pearson",
    "difference",
    "drawdown",
    "ended_below_start",
    "equivalent",
    "holm",
    "interquartile_mean",
    "kaplan_meier",
    "letters_of_pairs",
    "mean_interval",
    "pass_at_k",
    "pass_hat_k",
    "performance_profile",
    "rank_letters",
    "standardised_difference",
    "task_difference",
    "time_to_target",
    "wilson",
    "within_seeds_p",
]
