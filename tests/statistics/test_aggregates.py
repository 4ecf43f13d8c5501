import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import interquartile_mean, performance_profile, time_to_target


def test_interquartile_mean_drops_a_quarter_at_each_end() -> None:
    # Of eight values, two go at each end; of five, one.
    assert interquartile_mean([100, 1, 2, 3, 4, 5, 6, -100]) == pytest.approx((2 + 3 + 4 + 5) / 4)
    assert interquartile_mean([0.0, 0.5, 0.6, 0.7, 9.0]) == pytest.approx(0.6)


def test_interquartile_mean_of_few_values_is_their_mean() -> None:
    assert interquartile_mean([0.2, 0.4, 0.9]) == pytest.approx(0.5)


def test_nothing_has_no_interquartile_mean() -> None:
    with pytest.raises(ArenaError, match="at least 1 values"):
        interquartile_mean([])


def test_a_profile_counts_runs_above_and_environments_alike() -> None:
    # At 0.5: 1 of 2 and 1 of 4 runs lie above, not the one at 0.5.
    scores = [[0.2, 0.9], [0.1, 0.5, 0.4, 0.6]]
    assert performance_profile(scores, [0.0, 0.5, 1.0]) == pytest.approx([1.0, 3 / 8, 0.0])


def test_a_profile_needs_environments() -> None:
    with pytest.raises(ArenaError, match="no environments"):
        performance_profile([], [0.5])


def test_the_target_is_reached_at_its_first_step() -> None:
    steps, values = [0, 10, 20, 30], [0.1, 0.5, 0.4, 0.9]
    assert time_to_target(steps, values, 0.5) == 10
    assert time_to_target(steps, values, 0.6) == 30
    assert time_to_target(steps, values, 0.95) is None


@pytest.mark.parametrize("steps", [[0, 20, 10], [0, 1], [0, 0, 1]])
def test_a_curve_has_rising_steps(steps: list[float]) -> None:
    with pytest.raises(ArenaError, match=r"rise|as long"):
        time_to_target(steps, [0.1, 0.2, 0.3], 0.5)
