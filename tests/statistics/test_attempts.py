from collections.abc import Callable
from itertools import combinations

import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import pass_at_k, pass_hat_k


@pytest.mark.parametrize("c", range(6))
@pytest.mark.parametrize("k", range(1, 6))
def test_they_count_the_choices_of_k_attempts(c: int, k: int) -> None:
    choices = list(combinations([True] * c + [False] * (5 - c), k))
    assert pass_at_k(5, c, k) == pytest.approx(sum(map(any, choices)) / len(choices))
    assert pass_hat_k(5, c, k) == pytest.approx(sum(map(all, choices)) / len(choices))


@pytest.mark.parametrize("measure", [pass_at_k, pass_hat_k])
@pytest.mark.parametrize(
    ("n", "c", "k"), [(5, 6, 1), (5, -1, 1), (5, 2, 6), (5, 2, 0), (5, 2, 1.5)]
)
def test_impossible_counts_get_a_line(
    measure: Callable[[int, int, int], float], n: int, c: int, k: int
) -> None:
    with pytest.raises(ArenaError, match=r"count|k must"):
        measure(n, c, k)
