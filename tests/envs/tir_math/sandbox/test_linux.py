import ctypes
import sys
from pathlib import Path

import pytest

from arlarena_bench.envs.tir_math.sandbox.inside import linux

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def huge_kilobytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("AnonHugePages"))


def test_memory_moves_to_huge_pages_with_what_is_in_it() -> None:
    content = bytes(range(256)) * 4096 * 12
    memory = ctypes.create_string_buffer(content, len(content))
    first = ctypes.addressof(memory)
    before = huge_kilobytes()
    made = linux.collapse(range(first, first + len(content), 4096))
    if not made:
        pytest.skip("this kernel makes no huge pages on demand")
    assert made <= len(content) >> linux.HUGE
    assert huge_kilobytes() >= before + made * (1 << linux.HUGE - 10)
    assert memory.raw == content


def test_addresses_of_nothing_are_passed_over() -> None:
    assert linux.collapse([0, 1 << 21]) == 0
