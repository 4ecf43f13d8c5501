"""Where a model computes, and in which precision."""

import os
from dataclasses import dataclass

import torch

from arlarena_bench.errors import ArenaError
from arlarena_bench.recipe import CheckpointSection

# Smaller models lose more to the synchronisation of several threads than they gain.
FEW_PARAMETERS = 20_000_000


@dataclass(frozen=True, slots=True)
class Placement:
    """How the weights of a model are held.

    Attributes:
        device: On which they lie.
        dtype: Their precision; torch's default if None.
        attention: The library's implementation of attention; its own choice if None.
    """

    device: str = "cpu"
    dtype: torch.dtype | None = None
    attention: str | None = None

    @classmethod
    def of(cls, checkpoint: CheckpointSection | None) -> "Placement":
        """Return what a recipe asks for; without a checkpoint, torch's defaults.

        Raises:
            ArenaError: If this machine has no such device.
        """
        if checkpoint is None:
            return cls()
        device = _device(checkpoint.device)
        dtype = None if checkpoint.dtype == "auto" else getattr(torch, checkpoint.dtype)
        if dtype is None and device.startswith("cuda") and torch.cuda.is_bf16_supported():
            dtype = torch.bfloat16
        return cls(device, dtype, checkpoint.attention)


DEFAULT = Placement()


def _device(asked: str) -> str:
    if asked == "auto":
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    kind, _, number = asked.partition(":")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise ArenaError(
            f"start.checkpoint.device: torch finds no {asked} on this machine; set it to auto or "
            "cpu, or install a build of torch for your GPU"
        )
    return asked


def use_threads(parameters: int) -> None:
    """Give a large model all cores of this process, a small one a single thread.

    Args:
        parameters: How many the model has.
    """
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    torch.set_num_threads((len(cores) or os.cpu_count() or 1) if parameters > FEW_PARAMETERS else 1)
