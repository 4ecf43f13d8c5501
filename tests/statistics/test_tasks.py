import numpy as np
import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import PANEL_CLAIM, TASKS_CLAIM, difference, task_difference
from arlarena_bench.statistics.tasks import crossed

A = [[1, 1, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
B = [[0, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 1]]


def test_the_variance_is_that_of_seeds_and_of_method_by_task() -> None:
    a, b = np.array(A, dtype=float), np.array(B, dtype=float)
    # Seed means 3/4, 1/2, 1 and 1/4, 1/2, 1/4.
    seeds = np.var([0.75, 0.5, 1], ddof=1) / 3 + np.var([0.25, 0.5, 0.25], ddof=1) / 3
    # Differences by task 1, 0, 1/3, 1/3.
    over_tasks = np.var([1, 0, 1 / 3, 1 / 3], ddof=1) / 4

    def residual(x: np.ndarray) -> float:
        rest = x - x.mean(0) - x.mean(1, keepdims=True) + x.mean()
        return float((rest**2).sum() / (2 * 3))

    tasks = max(0.0, over_tasks - (residual(a) + residual(b)) / (3 * 4))
    parts = [np.var([0.75, 0.5, 1], ddof=1) / 3, np.var([0.25, 0.5, 0.25], ddof=1) / 3, tasks]
    freedom = (seeds + tasks) ** 2 / sum(
        part**2 / df for part, df in zip(parts, (2, 2, 3), strict=True)
    )
    estimate, error, found_freedom = crossed(a, b, np.eye(4), False)
    assert (estimate, error, found_freedom) == pytest.approx(
        (5 / 12, np.sqrt(seeds + tasks), freedom)
    )


def test_the_wider_claim_has_the_wider_interval() -> None:
    rng = np.random.default_rng(4)
    more = 0
    for _ in range(50):
        a, b = rng.binomial(1, 0.5, (2, 3, 20))
        panel, tasks = difference(a.mean(1), b.mean(1)), task_difference(a, b)
        assert tasks.low <= panel.low <= panel.high <= tasks.high
        more += tasks.low < panel.low
    assert more > 5


def test_every_task_its_own_cluster_is_no_clusters() -> None:
    assert task_difference(A, B, clusters="wxyz") == task_difference(A, B)
    with_shops = task_difference(A, B, clusters=["s", "s", "t", "t"])
    assert with_shops.estimate == task_difference(A, B).estimate
    assert with_shops.high != task_difference(A, B).high


def test_a_task_effect_that_both_share_costs_nothing() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (5, 30)), rng.normal(0, 1, (5, 30))
    harder = rng.normal(0, 9, 30)
    plain, shifted = task_difference(a, b), task_difference(a + harder, b + harder)
    assert (plain.low, plain.high) == pytest.approx((shifted.low, shifted.high))


def test_many_tasks_leave_the_claim_about_this_panel() -> None:
    rng = np.random.default_rng(1)
    seeds = rng.normal(0.5, 0.1, (2, 6, 1))
    a, b = seeds + rng.normal(0, 0.1, (2, 6, 1_000))
    panel, tasks = difference(a.mean(1), b.mean(1)), task_difference(a, b)
    assert (tasks.low, tasks.high) == pytest.approx((panel.low, panel.high), abs=4e-3)


def test_outcomes_without_spread_are_no_nan() -> None:
    ones, zeros = np.ones((3, 4)), np.zeros((3, 4))
    same, apart = task_difference(ones, ones), task_difference(ones, zeros)
    assert (same.low, same.high, same.p) == (0, 0, 1)
    assert (apart.low, apart.high) == (1, 1)
    assert apart.p == pytest.approx(2 / 20)


def test_the_two_claims_have_names() -> None:
    assert PANEL_CLAIM == "this panel, new seeds and starts"
    assert TASKS_CLAIM == "tasks like these, new seeds and starts"


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        ([[1, 0]], B, {}, "at least 2 seeds"),
        (A, [[1, 0], [0, 1]], {}, "same tasks, got 4 and 2"),
        (A, B[:2], {"paired": True}, "got 3 and 2"),
        (A, B, {"clusters": ["s"] * 3}, "each of 4 tasks, got 3"),
        (A, B, {"clusters": ["s"] * 4}, r"one cluster \(s\)"),
        ([[1, 0], [0, float("nan")]], B, {}, "seed 1, task 1 is nan"),
        ([[1, 0], [1]], B, {}, "as many tasks for every seed"),
        (A, B, {"level": 95}, "level"),
    ],
)
def test_bad_input_gets_a_line(a, b, options, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ArenaError, match=message):
        task_difference(a, b, **options)
