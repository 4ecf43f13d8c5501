"""The space of all strings, also through the shared memory of Gymnasium's vector environments."""

import multiprocessing
import string
from collections.abc import Sequence
from typing import Any, overload

from gymnasium.spaces import Space
from gymnasium.vector.utils import (
    create_shared_memory,
    read_from_shared_memory,
    write_to_shared_memory,
)

from arlarena_bench.errors import ArenaError

_LETTERS = tuple(string.ascii_lowercase)
_SLOT = 2**20
"""Bytes of shared memory an environment; only those that are written to take any."""
_LENGTH = 4
"""Bytes in which the length of a text is written before it."""


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


class SharedTexts(Sequence[str]):
    """The newest text of each environment, read from shared memory whenever it is looked at.

    Gymnasium asks for the observations once, and copies them after each step; a copy is a tuple.

    Args:
        memory: A slot an environment: a text's length in bytes, then the text in UTF-8.
        count: Number of environments.
    """

    def __init__(self, memory: Any, count: int) -> None:
        self._memory = memory
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(self._count)))
        slot = _slot(self._memory, range(self._count)[index])
        length = int.from_bytes(slot[:_LENGTH], "little")
        return bytes(slot[_LENGTH : _LENGTH + length]).decode("utf-8", "surrogatepass")

    def __deepcopy__(self, memo: dict[int, object]) -> tuple[str, ...]:
        return self[:]

    def __eq__(self, other: object) -> bool:
        return self[:] == (other[:] if isinstance(other, SharedTexts) else other)

    def __repr__(self) -> str:
        return repr(self[:])


def _slot(memory: Any, index: int) -> memoryview:
    return memoryview(memory).cast("B")[index * _SLOT : (index + 1) * _SLOT]


@create_shared_memory.register(TextSpace)
def _create(space: TextSpace, n: int = 1, ctx: Any = multiprocessing) -> Any:
    return ctx.RawArray("c", n * _SLOT)


@write_to_shared_memory.register(TextSpace)
def _write(space: TextSpace, index: int, value: str, shared_memory: Any) -> None:
    # What a model wrote may hold half of a surrogate pair.
    data = value.encode("utf-8", "surrogatepass")
    if len(data) > _SLOT - _LENGTH:
        raise ArenaError(
            f"a text of {len(data)} bytes exceeds the {_SLOT - _LENGTH} of its shared memory; make "
            "the vector environment with shared_memory=False"
        )
    data = len(data).to_bytes(_LENGTH, "little") + data
    _slot(shared_memory, index)[: len(data)] = data


@read_from_shared_memory.register(TextSpace)
def _read(space: TextSpace, shared_memory: Any, n: int = 1) -> SharedTexts:
    return SharedTexts(shared_memory, n)
