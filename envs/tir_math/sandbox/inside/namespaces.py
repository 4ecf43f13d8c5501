"""Namespaces of our own, where there is no bubblewrap: who we are, and what the disk looks like."""

import os
import signal
from typing import NoReturn, TypedDict

from . import linux

NOBODY = 65534
DEVICES = ("null", "zero", "full", "random", "urandom")


class Disk(TypedDict):
    """What the sandbox sees of the disk; everything is read-only.

    Attributes:
        binds: Pairs of a path outside and its place inside.
        links: Pairs of what a symbolic link says and where it is.
        masked: Directories inside that are covered with an empty one.
    """

    binds: list[tuple[str, str]]
    links: list[tuple[str, str]]
    masked: list[str]


def own_user() -> None:
    """Enter a new user namespace with all capabilities in it.

    Root keeps its number and gets `nobody` besides, for the code: the kernel exempts root's
    processes from the limit on their number, whatever the namespace. Anybody else becomes
    `nobody`.
    """
    user, group = os.geteuid(), os.getegid()
    unshared, go = os.pipe()
    helper = os.fork()
    if helper == 0:
        # Two users can only be mapped from outside, by a process with the right to do so.
        status = 1
        try:
            os.close(go)
            os.read(unshared, 1)
            for kind in ("uid", "gid"):
                _write(f"/proc/{os.getppid()}/{kind}_map", f"0 0 1\n{NOBODY} {NOBODY} 1\n")
            status = 0
        finally:
            os._exit(status)
    linux.unshare(linux.NEWUSER)
    os.write(go, b".")
    _, status = os.waitpid(helper, 0)
    os.close(unshared)
    os.close(go)
    if status != 0:
        _write("/proc/self/uid_map", f"{NOBODY} {user} 1\n")
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/gid_map", f"{NOBODY} {group} 1\n")


def first_process() -> None:
    """Return as process 1 of new namespaces; the caller waits for it and ends with it."""
    linux.unshare(linux.NEWNS | linux.NEWPID | linux.NEWNET | linux.NEWIPC | linux.NEWUTS)
    pid = os.fork()
    if pid:
        wait_for(pid)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(pid: int) -> NoReturn:
    """End this process as another one ends."""
    for fd in (0, 1):
        os.close(fd)  # the control channel must end with the server, not with its keeper
    _, status = os.waitpid(pid, 0)
    os._exit(abs(os.waitstatus_to_exitcode(status)))


def own_disk(disk: Disk) -> None:
    """Make a root directory that holds what `disk` says, a few devices and an empty /tmp."""
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("none", "/tmp", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV)
    for name in ("old", "new"):
        os.mkdir(f"/tmp/{name}")
    linux.pivot_root("/tmp", "/tmp/old")
    os.chdir("/")
    linux.mount("none", "/new", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    for name in DEVICES:
        _bind(f"/old/dev/{name}", f"/new/dev/{name}")
    for outside, inside in disk["binds"]:
        _bind(f"/old{outside}", f"/new{inside}")
        linux.read_only(f"/new{inside}")
    for path in disk["masked"]:
        linux.mount("none", f"/new{path}", "tmpfs", linux.MS_NOSUID, "mode=755")
        linux.read_only(f"/new{path}")
    for content, place in disk["links"]:
        os.makedirs(os.path.dirname(f"/new{place}"), exist_ok=True)
        os.symlink(content, f"/new{place}")
    for folder in ("/new/tmp", "/new/dev/shm"):
        os.mkdir(folder)
    os.chdir("/new")
    linux.pivot_root(".", ".")
    linux.unmount(".")
    os.chdir("/")
    _only_root_read_only()


def _only_root_read_only() -> None:
    flags = 0x1 | 0x20 | linux.MS_BIND | linux.MS_NOSUID | linux.MS_NODEV  # ro, remount
    linux.mount("none", "/", None, flags)


def _bind(outside: str, inside: str) -> None:
    if os.path.isdir(outside):
        os.makedirs(inside, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(inside), exist_ok=True)
        with open(inside, "wb"):
            pass
    linux.mount(outside, inside, None, linux.MS_BIND | linux.MS_REC)


def _write(path: str, text: str) -> None:
    # In one call: the kernel takes a map only whole, and only once.
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
