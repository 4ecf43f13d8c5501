"""Random streams, each named by what it is for.

A stream is derived from the seed and its name alone, so a run needs no generator state to
continue: the step number of a checkpoint restores every stream.
"""

import hashlib
import random

import torch


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
