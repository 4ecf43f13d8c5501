"""Ranks that take their rows one after the other make the recipe's minibatches."""

import pytest

from arlarena_bench.engines.verl.batch_order import ADDED, rank_order, slots


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_minibatches_come_together_again(ranks: int) -> None:
    minibatches = [[4, 0, 7], [2, 9, 1, 5], [6, 3, 8]]
    order, each = rank_order(minibatches, ranks), slots(minibatches, ranks)
    assert len(order) == ranks * len(minibatches) * each
    share = len(order) // ranks
    for number, expected in enumerate(minibatches):
        found = [
            row
            for rank in range(ranks)
            for row in order[rank * share + number * each : rank * share + (number + 1) * each]
        ]
        assert sorted(row for row in found if row != ADDED) == sorted(expected)


def test_without_need_nothing_is_added() -> None:
    assert rank_order([[1, 0], [3, 2]], 2) == [1, 3, 0, 2]
