"""A real vLLM server on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

NAME = "tiny"
SECONDS = 900.0  # that it may take to start on a machine that does much else
SERVE = (
    *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
    *("--host", "127.0.0.1", "--served-model-name", NAME, "--generation-config", "vllm"),
    # On a CPU, seeded draws fail behind a part of a prompt.
    *("--no-enable-chunked-prefill", "--max-num-batched-tokens", "4096"),
    *("--dtype", "float32", "--enforce-eager", "--kv-cache-memory-bytes", "100000000"),
)
# As it is before vLLM, in this process, has put settings of its own there.
ENVIRONMENT = {**os.environ, "VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class VllmServer:
    """A running server.

    Attributes:
        port: Where it listens.
        process: Leader of a group of processes of its own.
        log: What it says.
    """

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        """The address that is asked."""
        return f"http://127.0.0.1:{self.port}/v1"

    def kill(self) -> None:
        """End it at once, with all that it has begun."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def vllm_server(folder: Path, log: Path, port: int | None = None) -> Iterator[VllmServer]:
    """Serve a model folder until the block ends, at a free port unless one is given."""
    port = port or _free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*SERVE, "--model", str(folder), "--port", str(port)],
            env=ENVIRONMENT,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = VllmServer(port, process, log)
    try:
        _wait(server)
        yield server
    finally:
        server.kill()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(server: VllmServer) -> None:
    until = time.monotonic() + SECONDS
    health = server.url.removesuffix("/v1") + "/health"
    with httpx2.Client(timeout=5, trust_env=False) as client:
        while time.monotonic() < until and server.process.poll() is None:
            try:
                if client.get(health).status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.5)
    raise AssertionError(f"the server did not start: {server.log.read_text()[-2000:]}")
