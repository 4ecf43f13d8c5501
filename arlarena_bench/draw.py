"""Random draws that are the same in every process and under every version of Python."""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import ClassVar, TypeVar

T = TypeVar("T")


class Draw:
    """A random stream, derived from its name alone.

    Only `random()` of Python's generator is used: the other methods may change with its version.

    Args:
        *name: What the stream is for.

    Attributes:
        world: Whose draws they are; each environment derives a class with a name of its own.
    """

    world: ClassVar[str]

    def __init__(self, *name: object) -> None:
        text = "/".join(("arlarena", self.world, *map(str, name)))
        self._rng = Random(int.from_bytes(hashlib.sha256(text.encode()).digest()))

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`, each as likely."""
        return items[int(self._rng.random() * len(items))]

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._rng.random() * (high - low + 1))

    def within(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        return low + (high - low) * self._rng.random()

    def happens(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self._rng.random() < probability

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return `items` in random order."""
        return sorted(items, key=lambda _: self._rng.random())

    def some(self, items: Sequence[T], low: int, high: int) -> list[T]:
        """Return `low` to `high` of the items, or all if there are fewer, in their own order."""
        count = min(self.between(low, high), len(items))
        chosen = sorted(self.shuffled(range(len(items)))[:count])
        return [items[index] for index in chosen]
