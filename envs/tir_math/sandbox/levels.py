"""The levels of isolation: how each is started, which work here, and why the others do not."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from arlarena_bench.errors import ArenaError
from arlarena_bench.outage import LostError

from . import disk
from .fork_server import ForkServer
from .result import Limits
from .stream import follow

INSTALL = "install it: `apt-get install bubblewrap` or `dnf install bubblewrap`"
MONTY = (
    "sandbox='monty' (pip install 'arlarena-bench[monty]') isolates too, but is another "
    "interpreter, whose results stand in a table of their own; sandbox='http' uses a service"
)
# What keeps users from namespaces: a setting of the kernel, the value that does it, the way out.
SETTINGS = (
    ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    (
        "kernel/apparmor_restrict_unprivileged_userns", "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
)  # fmt: skip
CONTAINER = "in a container: --security-opt seccomp=unconfined, or --privileged"
# -P and no -I: the environment is ours, and fixes the seed of the hashes.
FLAGS = ("-s", "-S", "-P", "-X", "utf8")
BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from inside.main import main; main()"
HERE = str(Path(__file__).parent)


class Level(NamedTuple):
    """One way to isolate, on this machine."""

    name: str
    works: bool
    why: str


def start(level: str, limits: Limits, modules: tuple[str, ...] = disk.MODULES) -> ForkServer:
    """Start a fork server at a level of isolation.

    Raises:
        ArenaError: If this machine does not have it; the text says why.
    """
    if os.name != "posix":
        raise ArenaError("a fork server needs Linux or macOS; the backend 'monty' runs everywhere")
    return STARTS[level](limits, modules)


def _bwrap(limits: Limits, modules: tuple[str, ...]) -> ForkServer:
    inner = _configuration("bwrap", limits, modules)
    command = [*bwrap_command(), *_python(disk.FOLDER), json.dumps(inner)]
    return ForkServer(_python(HERE), inner | {"bwrap": command})


def _namespaces(limits: Limits, modules: tuple[str, ...]) -> ForkServer:
    if sys.platform != "linux":
        raise ArenaError("there are namespaces on Linux only")
    inner = _configuration("namespaces", limits, modules)
    return ForkServer(_python(HERE), inner | {"disk": disk.visible()})


def _none(limits: Limits, modules: tuple[str, ...]) -> ForkServer:
    paths = sorted({str(folder.parent) for folder in disk.package_folders()})
    configuration = _configuration("none", limits, modules) | {"paths": paths}
    copies = disk.closed_to_others() if modules else {}  # a trial needs no library
    return ForkServer(_python(HERE), configuration, copies)


STARTS: Mapping[str, Callable[[Limits, tuple[str, ...]], ForkServer]] = {
    "bwrap": _bwrap,
    "namespaces": _namespaces,
    "none": _none,
}
WHAT_HOLDS = {
    "bwrap": "own users, processes, network and disk (bubblewrap), system-call filter, limits",
    "namespaces": "own users, processes, network and disk, system-call filter, limits",
    "none": "limits only, and only by name: the code can read files and use the network",
}


@cache
def isolation_report() -> tuple[Level, ...]:
    """Try every level, best first, in about a quarter of a second; remembered."""
    return tuple(_try(name) for name in STARTS)


class NoSandboxError(ArenaError):
    """This machine has no isolation that the sandbox knows."""


def active() -> str:
    """Return the level that `auto` stands for on this machine; never `none`.

    Raises:
        NoSandboxError: If none works; the text says why, and what to do.
    """
    isolating = isolation_report()[:-1]
    for level in isolating:
        if level.works:
            return level.name
    reasons = "; ".join(f"{level.name}: {level.why}" for level in isolating)
    raise NoSandboxError(
        f"no sandbox works here, and programs run in none unasked ({reasons}). {remedy()}; "
        "sandbox='none' isolates nothing, and the leaderboard refuses its results"
    )


def chosen(backend: str) -> str:
    """Return the level that a name stands for: itself, or that of `auto`.

    Raises:
        ArenaError: If it does not work here.
    """
    if backend == "auto":
        return active()
    level = next(level for level in isolation_report() if level.name == backend)
    if not level.works:
        raise NoSandboxError(f"the sandbox {backend!r} does not work here: {level.why}")
    return backend


def remedy() -> str:
    """Return what would make a sandbox work here."""
    if sys.platform != "linux":
        return f"Bubblewrap and namespaces are Linux's: {MONTY}"
    ways = [] if shutil.which("bwrap") else [f"Bubblewrap: {INSTALL}"]
    for setting, closed, command in SETTINGS:
        file = Path("/proc/sys", setting)
        if file.is_file() and file.read_text().strip() == closed:
            ways.append(f"Namespaces: `{command}`")
    return "; ".join([*ways, CONTAINER, MONTY])


def _try(name: str) -> Level:
    try:
        server = start(name, Limits(), modules=())
    except (ArenaError, OSError) as error:
        return Level(name, False, str(error))
    try:
        child = server.child(session=False)
        try:
            child.send("print(6 * 7)", timeout=10)
            result, _ = follow(child, 20, Limits())
        finally:
            child.close()
    except LostError as error:
        return Level(name, False, str(error))
    finally:
        server.close()
    if result.output != "42\n":
        return Level(name, False, result.error or "it did not run a first line of code")
    return Level(name, True, WHAT_HOLDS[name])


def _python(folder: str) -> list[str]:
    return [disk.interpreter(), *FLAGS, "-c", BOOT, folder]


def _configuration(level: str, limits: Limits, modules: tuple[str, ...]) -> dict[str, Any]:
    return {
        "level": level,
        "paths": [f"{disk.FOLDER}/packages"],
        "modules": modules,
        "warm": disk.WARM if modules else "",
        "limits": asdict(limits),
    }


def bwrap_command() -> list[str]:
    """Return the command before which another is isolated.

    Raises:
        ArenaError: If there is no bubblewrap.
    """
    program = shutil.which("bwrap")
    if sys.platform != "linux" or program is None:
        raise ArenaError(f"bubblewrap (bwrap) is not installed; {INSTALL}")
    seen = disk.visible()
    options = [
        program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup-try", "--as-pid-1", "--new-session", "--die-with-parent",
        # The server makes namespaces for its children; they give up every capability.
        "--cap-add", "ALL",
    ]  # fmt: skip
    if os.geteuid() != 0:
        options += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    # Left to itself, bubblewrap gives a folder on the way to a bind the permissions it has outside.
    places = [place for _, place in seen["binds"] + seen["links"]] + ["/dev/null"]
    for folder in sorted({str(parent) for place in places for parent in Path(place).parents}):
        options += ["--dir", folder]
    for outside, inside in seen["binds"]:
        options += ["--ro-bind", outside, inside]
    for path in seen["masked"]:
        options += ["--tmpfs", path, "--remount-ro", path]
    for content, place in seen["links"]:
        options += ["--symlink", content, place]
    for name in ("null", "zero", "full", "random", "urandom"):
        options += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for folder in ("/tmp", "/dev/shm"):
        options += ["--dir", folder]
    return [*options, "--remount-ro", "/", "--chdir", "/", "--"]
