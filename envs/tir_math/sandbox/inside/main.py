"""The entry point on the far side: `python -c … FOLDER CONFIGURATION`, control on descriptor 0."""

import contextlib
import json
import os
import signal
import socket
import sys
from typing import NotRequired, TypedDict

from . import call, linux, namespaces, server


class Configuration(TypedDict):
    """What the outside asks for.

    Attributes:
        level: `bwrap`, `namespaces` or `none`.
        bwrap: The command to become, in the process that is still outside.
        disk: What to build, in the process that is still outside.
        paths: Where packages are.
        modules: What to import before the first call.
        warm: Code to run then, for what it leaves in the libraries' caches.
        limits: What a call may use.
        folder: Where folders for calls are made, without namespaces.
    """

    level: str
    bwrap: NotRequired[list[str]]
    disk: NotRequired[namespaces.Disk]
    paths: list[str]
    modules: list[str]
    warm: str
    limits: call.Limits
    folder: NotRequired[str]


def main() -> None:
    """Go inside, step by step, and serve."""
    configuration: Configuration = json.loads(sys.argv[2])
    os.umask(0o022)
    _die_first()
    if "bwrap" in configuration:
        _become(configuration["bwrap"])
    if "disk" in configuration:
        namespaces.own_user()
        namespaces.first_process()
        namespaces.own_disk(configuration["disk"])
    control = socket.socket(fileno=os.dup(0))
    control.set_inheritable(False)
    sys.path[:] = [path for path in sys.path if path != sys.argv[1]] + configuration["paths"]
    call.preload(configuration["modules"], configuration["warm"])
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    os.close(nothing)
    folder = configuration.get("folder")
    server.Server(control, configuration["level"], configuration["limits"], folder).serve()


def _become(command: list[str]) -> None:
    """Start bubblewrap and end with it.

    It is tied to the life of this process, which has one thread, and not to that of the thread
    outside that happened to make the first call.
    """
    if os.geteuid() == 0:
        namespaces.own_user()
    pid = os.fork()
    if pid == 0:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        os.execv(command[0], command)
    namespaces.wait_for(pid)


def _die_first() -> None:
    """When memory runs out on this machine, the kernel shall take the sandbox."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
