"""A real vLLM server on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

NAME = "tiny"
SECONDS = 400.0  # that it may take to start on a machine that does much else
SERVE = (
    *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
    *("--host", "127.0.0.1", "--served-model-name", NAME, "--generation-config", "vllm"),
    # On a CPU, seeded draws fail behind a part of a prompt.
    *("--no-enable-chunked-prefill", "--max-num-batched-tokens", "4096"),
    *("--dtype", "float32", "--enforce-eager", "--kv-cache-memory-bytes", "100000000"),
)


@dataclass(frozen=True)
class VllmServer:
    """A running server.

    Attributes:
        url: Where it is asked.
        process: Leader of a group of processes of its own.
        log: What it says.
    """

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End it at once, with all that it has begun."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def vllm_server(folder: Path, log: Path) -> Iterator[VllmServer]:
    """Serve a model folder until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*SERVE, "--model", str(folder), "--port", str(port)],
            env={**os.environ, **settings},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = VllmServer(f"http://127.0.0.1:{port}/v1", process, log)
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def _wait(server: VllmServer) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and server.process.poll() is None:
        try:
            if httpx2.get(server.url.removesuffix("/v1") + "/health", timeout=5).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"the server did not start: {server.log.read_text()[-2000:]}")
