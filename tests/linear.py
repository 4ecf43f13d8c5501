"""Whether time grows as what is read does: told by a ratio, as a second is no measure anywhere."""

import time
from collections.abc import Callable

SIZES = 2**16, 2**20
# Quadratic time is 16 times as long again.
SLACK = 5
# The clock's own grain, below which a ratio says nothing.
SHORTEST = 1e-3


def grows_linearly(read: Callable[[str], object], make: Callable[[int], str]) -> bool:
    """Read what `make` writes of 64 Ki and of 1 Mi characters, and compare the processor's time."""

    def seconds(size: int) -> float:
        text = make(size)
        started = time.process_time()
        read(text)
        return time.process_time() - started

    short, long = (min(seconds(size) for _ in range(2)) for size in SIZES)
    return long < SLACK * SIZES[1] / SIZES[0] * max(short, SHORTEST)
