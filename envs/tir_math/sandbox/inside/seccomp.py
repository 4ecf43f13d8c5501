"""A filter on system calls: a second wall behind the namespaces.

What is not on the list of `calls` is refused, so that no kernel's next call passes. A call that
every kernel has is answered with EPERM, a young one with ENOSYS: the C library then takes the call
that it replaced. `clone3` is such a one, whose flags lie in memory, where a filter cannot look.
"""

import ctypes
import os
import struct
from collections.abc import Sequence
from functools import cache

from . import linux
from .calls import ALLOWED

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Since Linux 5.1 new calls have one number everywhere, from here on.
YOUNG = 424
# clone, prlimit64, prctl and socketpair: allowed for some values of their first argument.
PARTLY = {"x86_64": (56, 302, 157, 53), "aarch64": (220, 261, 167, 199)}
NEW_NAMESPACE = 0x7E020000
UNIX = 1
# What threads and memory are called, and what a process may ask about itself.
PRCTL_ALLOWED = {
    "GET_PDEATHSIG": 2, "GET_DUMPABLE": 3, "SET_NAME": 15, "GET_NAME": 16, "CAPBSET_READ": 23,
    "GET_NO_NEW_PRIVS": 39, "SET_VMA": 0x53564D41,
}  # fmt: skip

LOAD, JUMP_EQUAL, JUMP_ANY_BIT, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16  # offsets in the kernel's seccomp_data
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38

Steps = list[bytes]


def install() -> None:
    """Put the filter on this process and everything it starts; it cannot be taken off.

    Raises:
        OSError: If the kernel has no filters, or this process may not set one.
    """
    steps = program()
    code = ctypes.create_string_buffer(steps, len(steps))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(steps) // 8, ctypes.addressof(code))
    )
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.prctl(linux.PR_SET_SECCOMP, 2, ctypes.byref(header))


@cache
def program(machine: str = os.uname().machine) -> bytes:
    """Return the filter of a machine in BPF, the language of such filters."""
    answers = _answers(machine)
    # Neighbours with the same answer are one range.
    starts = [n for n in sorted(answers) if n == 0 or answers[n] != answers.get(n - 1)]
    begin = [
        _step(LOAD, ARCH), _step(JUMP_EQUAL, AUDIT_ARCH[machine], 1, 0), _step(RETURN, KILL),
        _step(LOAD, NUMBER),
    ]  # fmt: skip
    return b"".join([*begin, *_search([(start, answers[start]) for start in starts])])


def _answers(machine: str) -> dict[int, Steps]:
    """Return what is done about each call, up to the first number from which on nothing changes."""
    column = ("x86_64", "aarch64").index(machine)
    known = [numbers[column] for numbers in ALLOWED.values()]
    allowed = {number for number in known if number is not None}
    answers = {n: [_step(RETURN, ERRNO | EPERM)] for n in range(YOUNG)}
    answers |= {n: [_step(RETURN, ERRNO | ENOSYS)] for n in range(YOUNG, max(allowed) + 2)}
    answers |= {number: [_step(RETURN, ALLOW)] for number in allowed}
    clone, prlimit, prctl, socketpair = PARTLY[machine]
    answers[clone] = _if_argument((JUMP_ANY_BIT, NEW_NAMESPACE), refused=True)
    answers[prlimit] = _if_argument((JUMP_EQUAL, 0))
    answers[prctl] = _if_argument(*((JUMP_EQUAL, value) for value in PRCTL_ALLOWED.values()))
    answers[socketpair] = _if_argument((JUMP_EQUAL, UNIX))
    return answers


def _if_argument(*tests: tuple[int, int], refused: bool = False) -> Steps:
    """Allow a call whose first argument passes one of the tests, or else the others."""
    answers = [_step(RETURN, ERRNO | EPERM), _step(RETURN, ALLOW)]
    left = range(len(tests), 0, -1)
    jumps = [
        _step(jump, value, distance) for (jump, value), distance in zip(tests, left, strict=True)
    ]
    return [_step(LOAD, FIRST_ARGUMENT), *jumps, *(reversed(answers) if refused else answers)]


def _search(ranges: Sequence[tuple[int, Steps]]) -> Steps:
    """Find the range of a number, by halves: a linear filter would slow down every call."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    return [_step(JUMP_AT_LEAST, ranges[middle][0], len(below)), *below, *above]


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
