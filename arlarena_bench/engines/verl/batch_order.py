"""The order in which ranks get the rows of a rollout, so that minibatches are the recipe's."""

from collections.abc import Sequence
from math import ceil

ADDED = -1


def slots(minibatches: Sequence[Sequence[int]], ranks: int) -> int:
    """Return how many rows of each minibatch one rank gets, those that are added included."""
    return ceil(max(map(len, minibatches)) / ranks)


def rank_order(minibatches: Sequence[Sequence[int]], ranks: int) -> list[int]:
    """Return rows in the order in which verl takes them: all of a rank's, then the next rank's.

    A rank goes through its rows from the first on, as many for each minibatch as for any other.

    Args:
        minibatches: Numbers of the rows of each update.
        ranks: How many share them.

    Returns:
        Numbers, and `ADDED` where there is no row of the rollout: `slots` for each rank and
        minibatch.
    """
    each = slots(minibatches, ranks)
    filled = [[*part, *[ADDED] * (each * ranks - len(part))] for part in minibatches]
    return [
        row
        for rank in range(ranks)
        for part in filled
        for row in part[rank * each : (rank + 1) * each]
    ]
