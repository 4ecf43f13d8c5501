"""The random draws of TIR Math's problems."""

from collections.abc import Sequence
from typing import TypeVar

from arlarena_bench import draw

T = TypeVar("T")


class Draw(draw.Draw):
    """A random stream of TIR Math."""

    world = "TIRMath-v0"

    def nonzero(self, size: int) -> int:
        """Return a whole number from `-size` to `size` that is not 0."""
        return self.between(1, size) * self.pick((-1, 1))

    def distinct(self, count: int, low: int, high: int) -> list[int]:
        """Return `count` different whole numbers from `low` to `high`, in random order."""
        found: dict[int, None] = {}
        while len(found) < count:
            found[self.between(low, high)] = None
        return list(found)

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """Return one of `items`, each as likely as its weight says."""
        left = self._rng.random() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            left -= weight
            if left < 0:
                return item
        return items[-1]
