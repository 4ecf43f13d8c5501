"""Random streams, each named by what it is for.

What a stream gives follows from its name alone, so a run needs no generator state to continue: the
step number of a checkpoint restores every stream.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream without state, for draws that must not depend on what else is drawn.

    Attributes:
        name: What it is for; parts are divided by slashes.
    """

    name: str

    @classmethod
    def of(cls, *name: int | str) -> "Stream":
        """Return the stream of these parts of a name."""
        return cls("/".join(map(str, name)))

    def sub(self, *name: int | str) -> "Stream":
        """Return the stream whose name goes on with these parts."""
        return Stream.of(self.name, *name)

    def python(self) -> random.Random:
        """Return Python's generator for this stream, at its beginning."""
        return python_stream(self.name)


def uniforms(streams: Sequence[Stream], count: int) -> Tensor:
    """Return (streams, count) the first numbers of each stream, float64 in [0, 1).

    They are the bits of SHAKE-256 of the name, which costs a thirtieth of making a generator.
    """
    bits = [hashlib.shake_256(stream.name.encode()).digest(8 * count) for stream in streams]
    words = np.frombuffer(b"".join(bits), "<u8").reshape(len(streams), count)
    # 52 bits: the product with a positive double is then always smaller than that double.
    return torch.from_numpy((words >> np.uint64(12)) * 2.0**-52)


def stream_seed(*name: int | str) -> int:
    """Return a 63-bit seed for the stream `name`, the same in every process."""
    text = "/".join(map(str, name))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def python_stream(*name: int | str) -> random.Random:
    """Return Python's generator for the stream `name`."""
    return random.Random(stream_seed(*name))


def torch_stream(*name: int | str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a torch generator for the stream `name`."""
    return torch.Generator(device).manual_seed(stream_seed(*name))
