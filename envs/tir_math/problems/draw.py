"""Random draws that are the same in every process and under every version of Python."""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A random stream, derived from its name alone.

    Only `random()` of Python's generator is used: the other methods may change with its version.

    Args:
        *name: What the stream is for.
    """

    def __init__(self, *name: object) -> None:
        text = "/".join(("arlarena", "TIRMath-v0", *map(str, name)))
        self._rng = Random(int.from_bytes(hashlib.sha256(text.encode()).digest()))

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._rng.random() * (high - low + 1))

    def nonzero(self, size: int) -> int:
        """Return a whole number from `-size` to `size` that is not 0."""
        return self.between(1, size) * self.pick((-1, 1))

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`, each as likely."""
        return items[int(self._rng.random() * len(items))]

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
