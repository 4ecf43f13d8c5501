import warnings

import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import drawdown, ended_below_start, kaplan_meier

# Freireich et al. 1963: weeks of remission under 6-mercaptopurine; None is still in remission.
RELAPSES = [6, 6, 6, 7, 10, 13, 16, 22, 23] + [None] * 12
WEEKS = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]


def test_kaplan_meier_is_the_published_curve() -> None:
    found = kaplan_meier(RELAPSES, WEEKS)
    assert found.times == (6, 7, 10, 13, 16, 22, 23)
    # R: summary(survfit(Surv(weeks, relapse) ~ 1, conf.type = "log-log"))
    assert found.shares == pytest.approx(
        (0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482), abs=5e-5
    )
    assert (found.low[0], found.high[0]) == pytest.approx((0.6197, 0.9516), abs=5e-5)
    assert (found.low[-1], found.high[-1]) == pytest.approx((0.1881, 0.6801), abs=5e-5)
    assert found.median == 23


def test_runs_that_all_survive_have_no_median() -> None:
    assert kaplan_meier([None] * 5, [50] * 5).median is None
    assert kaplan_meier([8, None, None], [50] * 3).median is None


def test_runs_that_all_collapse_leave_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = kaplan_meier([7, 7, 7], [50] * 3)
    assert (found.shares, found.low, found.high, found.median) == ((0.0,), (0.0,), (1.0,), 7)


@pytest.mark.parametrize(
    ("events", "ends", "message"),
    [
        ([], [], "at least 1 ends"),
        ([None], [5, 5], "each of 1 runs, got 2"),
        ([9], [5], "at 9, it ended at 5"),
        ([-1], [5], "at least 0"),
        ([float("nan")], [5], "nan"),
    ],
)
def test_impossible_times_get_a_line(
    events: list[float | None], ends: list[float], message: str
) -> None:
    with pytest.raises(ArenaError, match=message):
        kaplan_meier(events, ends)


def test_ended_below_start_tests_two_shares() -> None:
    # 100 of 400 at the start. 80 of 400: z = -0.05 / √(0.225 · 0.775 · 2 / 400) = -1.693, below
    # the 5 % point -1.645; 81 of 400: -1.604.
    assert ended_below_start(80, 400, 100, 400)
    assert not ended_below_start(81, 400, 100, 400)
    assert not ended_below_start(80, 400, 100, 400, level=0.99)
    assert not ended_below_start(200, 400, 100, 400)


def test_panels_solved_by_both_or_neither_are_no_fall() -> None:
    assert not ended_below_start(0, 10, 0, 10)
    assert not ended_below_start(10, 10, 10, 10)
    assert ended_below_start(0, 10, 10, 10)


@pytest.mark.parametrize("counts", [(11, 10, 5, 10), (5, 10, -1, 10), (0, 0, 5, 10)])
def test_impossible_counts_get_a_line(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ArenaError, match=r"counts|without tasks"):
        ended_below_start(*counts)


def test_drawdown_is_the_share_of_the_best_that_is_lost() -> None:
    assert drawdown([0.2, 0.8, 0.6]) == pytest.approx(0.25)
    assert drawdown([0.2, 0.8, 0.0]) == 1
    assert drawdown([0.2, 0.4, 0.8]) == 0
    assert drawdown([0.0, 0.0]) == 0
    # Means of two: 0.5, 0.7.
    assert drawdown([0.2, 0.8, 0.6], window=2) == 0
    # A curve shorter than the window has one mean, its own.
    assert drawdown([0.9, 0.1], window=8) == 0


@pytest.mark.parametrize(("values", "window"), [([], 1), ([0.5, -0.1], 1), ([0.5], 0)])
def test_a_drawdown_is_of_success(values: list[float], window: int) -> None:
    with pytest.raises(ArenaError, match="at least"):
        drawdown(values, window)
