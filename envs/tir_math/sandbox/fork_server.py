"""A fork server seen from outside: started, asked for children, closed, and started again."""

import array
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.outage import LostError

from .inside.folder import remove
from .inside.wire import CALL, READY, SESSION
from .result import last_line
from .stream import Child

START = 60.0
# Hashes are the same every time, so that sets print the same.
ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Nothing that is part of the standard library as its documentation has it.
NOT_COPIED = shutil.ignore_patterns("*-packages", "test", "tests", "config-*", "*.opt-?.pyc")


class ForkServer:
    """A running fork server.

    Args:
        command: What to run, without the configuration, which is its last argument.
        configuration: Goes to the other side as JSON.
        copies: Folders that are copied for the code, which may not read them where they are, by
            their place below the folder of a server without isolation.

    Raises:
        ArenaError: If it does not start; the text says why in one line.
    """

    def __init__(
        self,
        command: list[str],
        configuration: Mapping[str, Any],
        copies: Mapping[str, str] | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._folder: str | None = None
        environment = ENVIRONMENT
        if configuration["level"] == "none":
            # Ours to remove if the server is killed. Others may pass through, not look.
            self._folder = tempfile.mkdtemp(prefix="arlarena-")
            os.chmod(self._folder, 0o711)
            configuration = {**configuration, "folder": self._folder}
            if copies:
                paths = [f"{self._folder}/packages", *configuration["paths"]]
                configuration = {**configuration, "paths": paths}
                environment = ENVIRONMENT | _copied(copies, self._folder)
        self._control, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as messages:
            self.process = subprocess.Popen(
                [*command, json.dumps(configuration)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=messages,
                cwd="/",
                env=environment,
            )
            theirs.close()
            self._control.settimeout(START)
            try:
                ready = self._control.recv(1)
            except OSError:
                ready = b""
            if ready != READY:
                self.kill()
                messages.seek(0)
                said = last_line(messages.read().decode(errors="replace"))
                raise ArenaError(said or "it did not start")

    def child(self, *, session: bool) -> Child:
        """Fork a process.

        Raises:
            LostError: If the server is gone.
        """
        lifeline, their_lifeline = socket.socketpair()
        channel, their_channel = socket.socketpair()
        output, their_output = os.pipe()
        errors, their_errors = os.pipe()
        child = Child(lifeline, channel, output, errors, server=self)
        theirs = [their_lifeline.fileno(), their_channel.fileno(), their_output, their_errors]
        try:
            os.set_blocking(output, False)
            os.set_blocking(errors, False)
            message = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", theirs))]
            with self._lock:
                self._control.sendmsg([SESSION if session else CALL], message)
        except OSError as error:
            child.close()
            raise LostError(f"{type(error).__name__}: no fork server") from error
        finally:
            their_lifeline.close()
            their_channel.close()
            os.close(their_output)
            os.close(their_errors)
        return child

    def close(self) -> None:
        """Let it end: all its processes go with it."""
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        if self._folder is not None:
            remove(self._folder)

    def forget(self) -> None:
        """Let go of a server that belongs to the process this one was forked from."""
        self._control.close()
        self.process.returncode = 0  # it is not our child: nothing to wait for


def _copied(copies: Mapping[str, str], folder: str) -> dict[str, str]:
    """Copy folders below another; return the environment in which Python finds its library."""
    for place, source in copies.items():
        shutil.copytree(source, os.path.join(folder, place), ignore=NOT_COPIED)
    copied_library = any(not place.startswith("packages/") for place in copies)
    return {"PYTHONHOME": folder} if copied_library else {}
