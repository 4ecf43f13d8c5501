"""When memory runs out: less is read at once, and the same is computed again."""

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

Found = TypeVar("Found")

# What torch's allocator on the CPU says, in an error of no class of its own.
CPU_ALLOCATOR = "DefaultCPUAllocator"


def with_less_at_once(compute: Callable[[], Found], read_less: Callable[[str], None]) -> Found:
    """Return what `compute` does, which is called again where memory runs out.

    Args:
        compute: Holds nothing when it has failed.
        read_less: Called with what was said before each new attempt; what it raises ends them.
    """
    while True:
        try:
            return compute()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            said = str(error).split("\n")[0]
        # Outside of the handler, whose error holds every tensor of the computation.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        read_less(said)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory has run out."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and CPU_ALLOCATOR in str(error)
