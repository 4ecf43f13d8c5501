"""System calls that only the filter refuses: nothing else stands in their way."""

from collections.abc import Iterator

import pytest
from sandboxes import needs, opened

from arlarena_bench.envs.tir_math.sandbox import Sandbox

CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
x86 = os.uname().machine == "x86_64"
numbers = {
    "memfd_create": 319 if x86 else 279, "memfd_secret": 447, "syslog": 103 if x86 else 116,
    "statmount": 457, "listmount": 458,
}
buffer = ctypes.create_string_buffer(4096)
arguments = {"memfd_create": (b"x", 0), "memfd_secret": (0,), "syslog": (10, buffer, 4096)}
for name, number in numbers.items():
    result = libc.syscall(number, *arguments.get(name, (buffer, buffer, 9, 0)))
    print(name, result, ctypes.get_errno())
"""


@pytest.fixture(params=["bwrap", "namespaces"])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    needs(request.param)
    with opened(request.param) as sandbox:
        yield sandbox


def test_what_no_limit_counts_and_what_tells_of_the_machine(box: Sandbox) -> None:
    lines = box.run(CALL).output.splitlines()
    assert len(lines) == 5
    assert {line.partition(" ")[2] for line in lines} == {"-1 1"}, "not permitted"
