"""The fork server: it holds the libraries, forks a child a call, and kills what is left.

It never sees code or output: the two ends of every pipe are outside and in the child, so that
nothing of one call lies in the memory that the next one inherits.
"""

import array
import contextlib
import gc
import os
import selectors
import signal
import socket
import struct
import tempfile
import time
from dataclasses import dataclass, field
from typing import NoReturn

from . import call, linux, seccomp
from .folder import remove
from .namespaces import NOBODY
from .wire import FDS, READY, SESSION, STATUS, UNFIT


@dataclass
class Running:
    """A call that is under way: who asked for it, and its folder if that needs removing."""

    lifeline: socket.socket
    folder: str | None


@dataclass
class Server:
    """Serves one control channel until it closes.

    Attributes:
        control: Brings one byte and four descriptors a call.
        level: `bwrap` or `namespaces` for a process namespace a call, `none` for none.
        limits: What a call may use.
        folder: Where folders for calls are made, at the level `none`.
    """

    control: socket.socket
    level: str
    limits: call.Limits
    folder: str | None = None
    calls: dict[int, Running] = field(default_factory=dict)
    removers: set[int] = field(default_factory=set)

    def serve(self) -> NoReturn:
        """Answer calls; end with the control channel."""
        self._own_pid = None if self.level == "none" else os.pidfd_open(os.getpid())
        self._user = NOBODY if os.geteuid() == 0 else None
        self._nothing = os.open(os.devnull, os.O_RDWR)
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        if linux.available():
            linux.prctl(linux.PR_SET_DUMPABLE, 0)
            linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        self._events = selectors.DefaultSelector()
        self._events.register(self.control, selectors.EVENT_READ)
        self._events.register(woken, selectors.EVENT_READ)
        gc.collect()
        if linux.available():
            linux.collapse(id(thing) for thing in gc.get_objects())
            seccomp.program()  # built here, and not again in every child
        gc.freeze()
        gc.disable()  # the objects of the libraries are all there is; a child turns it on again
        self.control.sendall(READY)
        while True:
            for key, _ in self._events.select():
                if key.fileobj is self.control:
                    self._accept()
                elif key.fileobj is woken:
                    with contextlib.suppress(BlockingIOError):
                        woken.recv(4096)
                    self._reap()
                elif key.data in self.calls:
                    # Whoever asked hung up, or says that it is enough.
                    self._events.unregister(key.fileobj)
                    self._kill(key.data)

    def _accept(self) -> None:
        kind, ancillary, _, _ = self.control.recvmsg(1, socket.CMSG_LEN(FDS * 4))
        if not kind:
            self._end()
        fds = array.array("i")
        for _, _, data in ancillary:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        if len(fds) != FDS:
            os._exit(1)
        running = Running(socket.socket(fileno=fds[0]), self._folder())
        try:
            pid = self._fork()
        except OSError:
            # Too many processes on this machine: who asked sees the lifeline close.
            running.lifeline.close()
            self._remove(running.folder)
        else:
            if pid == 0:
                self._child(kind, list(fds), running.folder)
            self.calls[pid] = running
            self._events.register(running.lifeline, selectors.EVENT_READ, pid)
        for fd in fds[1:]:
            os.close(fd)

    def _end(self) -> NoReturn:
        for pid in self.calls:
            self._kill(pid)
        self.calls.clear()
        self.removers.clear()
        if self.level == "none":
            self._sweep()
        if self.folder is not None:
            remove(self.folder)
        os._exit(0)

    def _folder(self) -> str | None:
        if self.level != "none":
            return None  # the child mounts an empty one
        folder = tempfile.mkdtemp(dir=self.folder)
        if self._user is not None:
            os.chown(folder, self._user, self._user)
        return folder

    def _fork(self) -> int:
        if self._own_pid is None:
            return os.fork()
        linux.unshare(linux.NEWPID)
        try:
            return os.fork()
        finally:
            # Else the next child would be born into the namespace of this one. In the child this
            # fails, and does not matter.
            with contextlib.suppress(OSError):
                linux.setns(self._own_pid, linux.NEWPID)

    def _child(self, kind: bytes, fds: list[int], folder: str | None) -> NoReturn:
        # The channel is duplicated out of the way before its number is used for another.
        channel = os.dup(fds[1])
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for fd, target in ((self._nothing, 0), (fds[2], 1), (fds[3], 2), (channel, 3)):
                os.dup2(fd, target)
            channel = 3
            os.closerange(4, os.sysconf("SC_OPEN_MAX"))
            os.chdir(folder or "/")
            call.confine(self.limits, self.level, self._user)
            gc.enable()
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.write(channel, UNFIT + f"{type(error).__name__}: {error}".encode()[:200])
            os._exit(1)
        if kind == SESSION:
            call.serve_session(3)
        call.serve_once(3)

    def _kill(self, pid: int) -> None:
        # A child that has just been forked has no group of its own yet.
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        """Report every call that has ended, once nothing of it runs any more."""
        ended = []
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                ended.append(found)
        for pid, status in ended:
            self.removers.discard(pid)
            running = self.calls.pop(pid, None)
            if running is None:
                continue
            if self.level == "none":
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                self._sweep()
            with contextlib.suppress(KeyError):
                self._events.unregister(running.lifeline)
            with contextlib.suppress(OSError):
                running.lifeline.sendall(struct.pack(STATUS, os.waitstatus_to_exitcode(status)))
            running.lifeline.close()
            self._remove(running.folder)

    def _remove(self, folder: str | None) -> None:
        """Remove the folder of a call, in a process of its own if there is anything in it.

        Code makes a million files in seconds; meanwhile the next call must not wait.
        """
        if folder is None:
            return
        with contextlib.suppress(OSError):
            os.rmdir(folder)
            return
        try:
            pid = os.fork()
        except OSError:
            remove(folder)
            return
        if pid:
            self.removers.add(pid)
            return
        try:
            # A copy of a lifeline would keep from its other end that the server is gone.
            os.closerange(0, os.sysconf("SC_OPEN_MAX"))
            if linux.available():
                linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            remove(folder)
        finally:
            os._exit(0)

    def _sweep(self) -> None:
        """Kill what left its group: it became a child of ours when its parent ended."""
        listing = f"/proc/self/task/{os.getpid()}/children"
        for _ in range(1000):
            try:
                with open(listing) as file:
                    strays = {int(pid) for pid in file.read().split()}
            except OSError:
                return  # no such list on this system
            strays -= self.calls.keys() | self.removers
            if not strays:
                return
            for pid in strays:
                self._kill(pid)
                # Without waiting: what has another user's rights is not ours to kill.
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(0.001)
