"""The space of all strings."""

import string
from typing import Any

from gymnasium.spaces import Space

from arlarena_bench.errors import ArenaError

_LETTERS = tuple(string.ascii_lowercase)


class TextSpace(Space[str]):
    """Any string whatever.

    `gymnasium.spaces.Text` wants a character set and a length limit in advance, and rejects
    ordinary sentences by default; what a language model reads or writes has neither.

    Args:
        seed: Seed of `sample`.
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(dtype=str, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        """False: a string of any length has no array of fixed shape."""
        return False

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        """Draw one to six words of one to eight lower-case letters, from `np_random`.

        Raises:
            ArenaError: If a mask or a probability is given; there is no finite set to weigh.
        """
        if mask is not None or probability is not None:
            raise ArenaError("TextSpace.sample takes no mask and no probability; call sample()")
        lengths = self.np_random.integers(1, 9, size=self.np_random.integers(1, 7))
        return " ".join("".join(self.np_random.choice(_LETTERS, size=n)) for n in lengths)

    def contains(self, x: Any) -> bool:
        """Return whether `x` is a string."""
        return isinstance(x, str)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TextSpace)

    def __repr__(self) -> str:
        return "TextSpace()"
