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
        text = "/".join(("arlarena", "ALFWorld-v0", *map(str, name)))
        self._rng = Random(int.from_bytes(hashlib.sha256(text.encode()).digest()))

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`, each as likely."""
        return items[int(self._rng.random() * len(items))]

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._rng.random() * (high - low + 1))

    def happens(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self._rng.random() < probability

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return `items` in random order."""
        return sorted(items, key=lambda _: self._rng.random())
