"""System calls that only the filter refuses, and the filter itself, run by hand."""

import struct
from collections.abc import Iterator

import pytest
from sandboxes import needs, opened

from arlarena_bench.envs.tir_math.sandbox import Sandbox
from arlarena_bench.envs.tir_math.sandbox.inside import seccomp
from arlarena_bench.envs.tir_math.sandbox.inside.calls import ALLOWED

CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
x86 = os.uname().machine == "x86_64"
numbers = {
    "memfd_create": 319 if x86 else 279, "syslog": 103 if x86 else 116, "bpf": 321 if x86 else 280,
    "add_key": 248 if x86 else 217, "io_setup": 206 if x86 else 0, "unshare": 272 if x86 else 97,
    "io_uring_setup": 425, "memfd_secret": 447, "statmount": 457, "listmount": 458, "next": 700,
}
buffer = ctypes.create_string_buffer(4096)
arguments = {"memfd_create": (b"x", 0), "memfd_secret": (0,), "syslog": (10, buffer, 4096)}
for name, number in numbers.items():
    result = libc.syscall(number, *arguments.get(name, (buffer, buffer, 9, 0)))
    print(name, result, ctypes.get_errno())
"""
EPERM, ENOSYS = seccomp.ERRNO | 1, seccomp.ERRNO | 38
NEW_USER = 0x10000000


@pytest.fixture(params=["bwrap", "namespaces"])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    needs(request.param)
    with opened(request.param) as sandbox:
        yield sandbox


def test_what_no_limit_counts_and_what_tells_of_the_machine(box: Sandbox) -> None:
    lines = [line.partition(" ")[2] for line in box.run(CALL).output.splitlines()]
    assert lines == ["-1 1"] * 6 + ["-1 38"] * 5, "not permitted, or not known"


def test_only_pairs_of_sockets(box: Sandbox) -> None:
    code = (
        "import ctypes, socket\na, b = socket.socketpair()\na.send(b'through')\nprint(b.recv(9))\n"
        "libc = ctypes.CDLL(None, use_errno=True)\nends = (ctypes.c_int * 2)()\n"
        "for family in (2, 16, 30): print(libc.socketpair(family, 1, 0, ends), ctypes.get_errno())"
    )
    assert box.run(code).output == "b'through'\n" + "-1 1\n" * 3


def answer(machine: str, number: int, argument: int = 0) -> int:
    """Run the filter as the kernel does, on one call."""
    code = seccomp.program(machine)
    data = {0: number, 4: seccomp.AUDIT_ARCH[machine], 16: argument}
    loaded, at = 0, 0
    while True:
        kind, yes, no, value = struct.unpack_from("=HBBI", code, 8 * at)
        at += 1
        if kind == seccomp.RETURN:
            return int(value)
        if kind == seccomp.LOAD:
            loaded = data[value]
            continue
        passed = {
            seccomp.JUMP_EQUAL: loaded == value,
            seccomp.JUMP_AT_LEAST: loaded >= value,
            seccomp.JUMP_ANY_BIT: bool(loaded & value),
        }[kind]
        at += yes if passed else no


@pytest.mark.parametrize(("column", "machine"), [(0, "x86_64"), (1, "aarch64")])
def test_what_is_on_the_list_passes_and_nothing_else(column: int, machine: str) -> None:
    allowed = {numbers[column] for numbers in ALLOWED.values()}
    partly = set(seccomp.PARTLY[machine])
    assert not allowed & partly
    for number in [*range(1024), 1 << 30, (1 << 30) + 1, (1 << 32) - 1]:
        if number not in partly:
            refused = EPERM if number < seccomp.YOUNG else ENOSYS
            expected = seccomp.ALLOW if number in allowed else refused
            assert answer(machine, number) == expected, number


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_some_arguments_pass(machine: str) -> None:
    clone, prlimit, prctl, socketpair = seccomp.PARTLY[machine]
    passes = [(clone, 17), (clone, 0x3D0F00), (prlimit, 0), (prctl, 15), (prctl, 0x53564D41)]
    fails = [(clone, 17 | NEW_USER), (clone, 0x02000000), (prlimit, 1), (prctl, 1), (prctl, 22)]
    for number, argument in [*passes, (socketpair, 1)]:
        assert answer(machine, number, argument) == seccomp.ALLOW, (number, argument)
    for number, argument in [*fails, (socketpair, 2)]:
        assert answer(machine, number, argument) == EPERM, (number, argument)


def test_another_machine_s_calls_end_the_process() -> None:
    code = seccomp.program("x86_64")
    _, yes, _, expected = struct.unpack_from("=HBBI", code, 8)
    assert (expected, yes) == (seccomp.AUDIT_ARCH["x86_64"], 1)
    assert struct.unpack_from("=HBBI", code, 16)[::3] == (seccomp.RETURN, seccomp.KILL)
