"""Reads what a call prints, until it ends, its time is over, or it prints too much."""

import contextlib
import json
import os
import secrets
import selectors
import signal
import socket
import struct
import time
from dataclasses import dataclass, field

from arlarena_bench.outage import LostError

from .inside.wire import DONE, OK, SIZE, STATUS, UNFIT
from .result import KEPT_ERRORS, Limits, Result, last_line, out_of_time, too_much_printed

CHUNK = 1 << 16
# Of what a session printed between its calls this much is thrown away; pipes hold less.
LEFTOVERS = 1 << 20
# A tree of processes dies in milliseconds; a machine may be so busy that it takes longer.
PATIENCE = 15.0


class StuckError(LostError):
    """It was told to end a call, and answers no more."""


@dataclass
class Child:
    """A process in the sandbox.

    Attributes:
        lifeline: Brings the exit status; shutting it down kills the process and all it started.
        channel: Takes code; in a session it also brings a message when the code is done.
        output: What is printed.
        errors: What is printed to the error stream.
        server: Whose child it is.
        token: What the message of a session begins with; drawn anew for each piece of code.
    """

    lifeline: socket.socket
    channel: socket.socket
    output: int
    errors: int
    server: object = None
    token: bytes = b""
    closed: bool = False

    def send(self, code: str, timeout: float) -> None:
        """Send a piece of code, in JSON, which holds anything that a string can.

        Raises:
            LostError: If it was not taken.
        """
        self.token = secrets.token_hex(DONE // 2).encode()
        request = json.dumps({"code": code, "timeout": timeout, "token": self.token.decode()})
        self.channel.settimeout(PATIENCE)
        try:
            self.channel.sendall(struct.pack(SIZE, len(request)) + request.encode())
        except OSError as error:
            _done(self)  # tells more, where the process said why it ended
            raise LostError(f"{type(error).__name__} while sending the code") from error

    def forget_leftovers(self) -> None:
        """Throw away what a session has printed or said since its last piece of code was done."""
        Printed(LEFTOVERS).drain(self)
        self.channel.setblocking(False)
        with contextlib.suppress(OSError):
            self.channel.recv(CHUNK)

    def close(self) -> None:
        """Hang up, which ends the process."""
        if not self.closed:
            # A forked process may hold a copy, which would keep the line open.
            with contextlib.suppress(OSError):
                self.lifeline.shutdown(socket.SHUT_RDWR)
            self.forget()

    def forget(self) -> None:
        """Let go of a process that belongs to the one this was forked from."""
        if not self.closed:
            self.closed = True
            self.lifeline.close()
            self.channel.close()
            os.close(self.output)
            os.close(self.errors)


@dataclass
class Printed:
    """What a call has printed so far."""

    limit: int
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    error_bytes: int = 0

    def read(self, child: Child, fd: int) -> bool:
        """Take in what a pipe holds; return whether it was anything."""
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return False
        if fd == child.output:
            self.output += data
        else:
            self.error_bytes += len(data)
            self.errors = (self.errors + data)[-KEPT_ERRORS:]
        return bool(data)

    def drain(self, child: Child) -> None:
        """Take in everything that is there."""
        for fd in (child.output, child.errors):
            while not self.too_much and self.read(child, fd):
                pass

    @property
    def too_much(self) -> bool:
        """Whether the limit was passed."""
        return max(len(self.output), self.error_bytes) > self.limit

    def result(self, error: str, *, timed_out: bool = False) -> Result:
        """Return the result with an error, or without if that is empty."""
        output = self.output[: self.limit].decode(errors="replace")
        return Result(output, error, self.errors.decode(errors="replace"), timed_out)


def follow(child: Child, timeout: float, limits: Limits) -> tuple[Result, bool]:
    """Read until the call is over.

    Returns:
        The result, and whether the process goes on (in a session).

    Raises:
        LostError: If the sandbox ended meanwhile, or could not confine the process.
        StuckError: If it does not end the call.
    """
    printed = Printed(limits.output)
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as events:
        for place in (child.output, child.errors, child.lifeline, child.channel):
            events.register(place, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                _kill(child)
                printed.drain(child)
                return printed.result(out_of_time(timeout), timed_out=True), False
            ready = {key.fileobj for key, _ in events.select(left)}
            for fd in ready & {child.output, child.errors}:
                if not printed.read(child, int(fd)):  # type: ignore[arg-type]
                    events.unregister(fd)  # closed by the code, which goes on
            if printed.too_much:
                _kill(child)
                return printed.result(_error(0, printed)), False
            if child.lifeline in ready:
                status = _status(child)
                if status:
                    _done(child)
                printed.drain(child)
                return printed.result(_error(status, printed)), False
            if child.channel in ready:
                done = _done(child)
                if not done:
                    events.unregister(child.channel)
                    continue
                if done[:-1] != child.token:
                    _kill(child)
                    return printed.result("SandboxError: the code wrote to the channel"), False
                printed.drain(child)
                failed = done[-1:] != OK
                return printed.result(_error(int(failed), printed)), True


def _done(child: Child) -> bytes:
    """Return what came by the channel.

    Raises:
        LostError: If it says that the process could not be confined, and never ran anything.
    """
    try:
        said = child.channel.recv(CHUNK, socket.MSG_DONTWAIT)
    except OSError:
        return b""
    if said.startswith(UNFIT):
        raise LostError(last_line(said.decode(errors="replace")))
    return said


def _kill(child: Child) -> None:
    """Kill the process and everything it started, and wait until it is dead."""
    child.lifeline.shutdown(socket.SHUT_WR)
    _status(child)


def _status(child: Child) -> int:
    size = struct.calcsize(STATUS)
    child.lifeline.settimeout(PATIENCE)
    try:
        data = child.lifeline.recv(size, socket.MSG_WAITALL)
    except TimeoutError as error:
        raise StuckError("it does not end") from error
    except OSError as error:
        raise LostError(f"{type(error).__name__} while waiting for the end") from error
    if len(data) < size:
        raise LostError("it ended while the code ran")
    return int(struct.unpack(STATUS, data)[0])


def _error(status: int, printed: Printed) -> str:
    if printed.too_much:
        return too_much_printed(printed.limit)
    if status == 0:
        return ""
    said = last_line(printed.errors.decode(errors="replace"))
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = "unknown"
        return f"Killed: signal {-status} ({name})"
    return said or f"SystemExit: {status}"
