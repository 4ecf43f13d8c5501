"""One call: a forked child gives up what it could do, and runs the code."""

import atexit
import contextlib
import importlib
import json
import linecache
import math
import os
import random
import resource
import signal
import site
import struct
import sys
import threading
import traceback
import types
from typing import NoReturn, TextIO, TypedDict

from . import linux, seccomp
from .wire import FAILED, OK, SIZE

NAME = "<code>"


class Limits(TypedDict):
    """What one call may use; see the class of the same name outside."""

    memory: int
    cpu: int
    file: int
    disk: int
    processes: int
    files: int


class Request(TypedDict):
    """A piece of code, its seconds, and the word that says that it is done."""

    code: str
    timeout: float
    token: str


def confine(limits: Limits, level: str, user: int | None) -> None:
    """Take from this process what the code must not have; the order matters.

    Args:
        limits: What the code may use.
        level: `none`, or anything else for namespaces of its own.
        user: Who to become, None to stay who we are.
    """
    os.setsid()
    if level != "none":
        linux.unshare(linux.NEWNS)
        linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
        _own_folders(limits["disk"])
    for kind, value in (
        ("RLIMIT_CORE", 0), ("RLIMIT_AS", limits["memory"]), ("RLIMIT_CPU", limits["cpu"]),
        ("RLIMIT_FSIZE", limits["file"]), ("RLIMIT_NPROC", limits["processes"]),
        ("RLIMIT_NOFILE", limits["files"]),
    ):  # fmt: skip
        # macOS has fewer limits, and a hard limit below ours stays.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            resource.setrlimit(getattr(resource, kind), (value, value))
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if linux.available():
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # last: a change of user clears it
    if level != "none":
        linux.drop_capabilities()
        seccomp.install()


def _own_folders(size: int) -> None:
    """Mount an empty /tmp, and the /dev/shm that locks between processes need, as one disk."""
    options = f"mode=755,size={size},nr_inodes=4096"
    linux.mount("none", "/tmp", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    for part, place in (("shm", "/dev/shm"), ("tmp", "/tmp")):
        os.mkdir(f"/tmp/{part}")
        os.chmod(f"/tmp/{part}", 0o1777)
        linux.mount(f"/tmp/{part}", place, None, linux.MS_BIND)
    os.chdir("/tmp")


def serve_once(channel: int) -> NoReturn:
    """Run the one piece of code that arrives, as a script, and end the process."""
    status = 1
    try:
        request = _receive(channel)
        os.close(channel)
        if request is not None:
            status = _run(request, _main_module())
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            _flush()
    except BaseException:
        status = 1
        _report()
    finally:
        os._exit(status)


def serve_session(channel: int) -> NoReturn:
    """Run code as it arrives, with the variables kept, until the channel closes."""
    try:
        module = _main_module()
        while (request := _receive(channel)) is not None:
            status = _run(request, module)
            _flush()
            os.write(channel, request["token"].encode() + (FAILED if status else OK))
    finally:
        os._exit(0)


def _main_module() -> types.ModuleType:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What was lost when a call is cut off is at most a line.
    sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stdout = _text(1)
    sys.stderr = _text(2)
    sys.argv = [""]
    random.seed(0)  # the same code prints the same in every process
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    return module


def _text(fd: int) -> TextIO:
    return open(fd, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)


def _run(request: Request, module: types.ModuleType) -> int:
    code = request["code"]
    _limit_cpu(request["timeout"])
    linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
    try:
        exec(compile(code, NAME, "exec"), module.__dict__)
    except SystemExit as error:
        if error.code in (None, 0):
            return 0
        _flush()
        os.write(2, f"SystemExit: {error.code}\n".encode(errors="backslashreplace"))
        return 1
    except BaseException:
        _report()
        return 1
    return 0


def _limit_cpu(seconds: float) -> None:
    """Let the kernel stop what the wall clock outside should have stopped a second earlier."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _report() -> None:
    """Write the traceback, without our own frames, to where the code cannot have redirected it."""
    kind, error, trace = sys.exc_info()
    while trace is not None and trace.tb_frame.f_code.co_filename != NAME:
        trace = trace.tb_next
    _flush()
    try:
        text = "".join(traceback.format_exception(kind, error, trace))
    except BaseException as second:
        text = f"{kind.__name__ if kind else 'Error'} ({type(second).__name__} while printing it)\n"
    with contextlib.suppress(OSError):
        _write_all(2, text.encode(errors="backslashreplace"))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _receive(channel: int) -> Request | None:
    size = _read(channel, 4)
    body = size and _read(channel, struct.unpack(SIZE, size)[0])
    if not body:
        return None
    request: Request = json.loads(body)
    return request


def _read(fd: int, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = os.read(fd, min(count - len(parts), 1 << 16))
        if not part:
            return None
        parts += part
    return bytes(parts)


def preload(modules: list[str], warm: str) -> None:
    """Import what calls will want, and use it once; a package that is not installed is left out."""
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    site.setquit()  # `exit` and `quit`, which every script has and -S leaves out
    with contextlib.suppress(ImportError):
        exec(warm, {})
