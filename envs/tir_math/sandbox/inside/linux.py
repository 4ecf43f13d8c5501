"""The system calls that a sandbox is made of, which Python 3.11 has no functions for."""

import ctypes
import os
import sys
from collections.abc import Iterable
from functools import cache

NEWNS = 0x00020000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000

MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

MADV_COLLAPSE = 25
HUGE = 21  # bits of an address in a huge page

ATTR_RDONLY = 0x1
ATTR_NOSUID = 0x2
ATTR_NODEV = 0x4

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

MOUNT_SETATTR = 442  # the same number on every architecture
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
AT_RECURSIVE = 0x8000
CAPABILITIES_V3 = 0x20080522


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    _check(_libc().unshare(flags), "unshare")


def setns(fd: int, flags: int) -> None:
    """Enter the namespaces of the process that a pidfd stands for."""
    _check(_libc().setns(fd, flags), "setns")


def prctl(option: int, value: int = 0, pointer: object = 0) -> None:
    """Change a property of this process."""
    none = ctypes.c_ulong(0)
    third = ctypes.c_ulong(pointer) if isinstance(pointer, int) else pointer
    _check(_libc().prctl(option, ctypes.c_ulong(value), third, none, none), f"prctl {option}")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mount a file system, or bind a directory."""
    encoded = (os.fsencode(source), os.fsencode(target), kind.encode() if kind else None)
    _check(
        _libc().mount(*encoded, ctypes.c_ulong(flags), options.encode() or None),
        f"mount {target}",
    )


def read_only(target: str) -> None:
    """Make a mount and all mounts below it read-only, without devices and setuid programs."""
    attributes = (ctypes.c_uint64 * 4)(ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    path = ctypes.c_char_p(os.fsencode(target))
    flags = ctypes.c_uint(AT_RECURSIVE)
    _check(
        _libc().syscall(MOUNT_SETATTR, -100, path, flags, ctypes.byref(attributes), size),
        f"read-only {target}",
    )


def unmount(target: str) -> None:
    """Take a mount away; who still uses it keeps it."""
    _check(_libc().umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root directory, with the present root at `old`."""
    number = PIVOT_ROOT[os.uname().machine]
    _check(
        _libc().syscall(
            number, ctypes.c_char_p(os.fsencode(new)), ctypes.c_char_p(os.fsencode(old))
        ),
        "pivot_root",
    )


def drop_capabilities() -> None:
    """Give up every capability, for this process and all that it starts."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_V3, 0)
    none = (ctypes.c_uint32 * 6)()
    _check(_libc().capset(ctypes.byref(header), ctypes.byref(none)), "capset")


def collapse(addresses: Iterable[int]) -> int:
    """Move the memory around some addresses to huge pages, as far as the kernel can.

    A fork copies an entry of the page table for every page in use, and the end of a process drops
    it again: of a process of 60 MB the larger part of both.

    Returns:
        How many huge pages were made.
    """
    size = ctypes.c_size_t(1 << HUGE)
    return sum(
        _libc().madvise(ctypes.c_void_p(page << HUGE), size, MADV_COLLAPSE) == 0
        for page in sorted({address >> HUGE for address in addresses})
    )


def available() -> bool:
    """Return whether this machine has these calls at all."""
    return sys.platform == "linux" and os.uname().machine in PIVOT_ROOT
