"""The process that forks runs: it imports, forks and waits, and never computes.

Libraries start threads when they first compute, and a fork has none of them. A fork is an ordinary
run from there on, `arlarena train` with the same arguments in a process of its own, whose memory is
given back when it ends.
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import gymnasium
from gymnasium.envs.registration import load_env_creator
from transformers.conversion_mapping import get_checkpoint_conversion_mapping

from arlarena_bench import cli
from arlarena_bench.engines import local  # noqa: F401  (what every run imports)
from arlarena_bench.harness.processes import GRACE, TRAIN
from arlarena_bench.record import package_versions

TICK = 0.1  # seconds between looks at the forks


def serve(connection: Connection) -> list[str] | None:
    """Fork for each request until the bench is gone; then end what still runs.

    Returns:
        In each fork the command line that it is to run, in the server None.
    """
    # A run reads from this until its parent, the server, is gone.
    tie, tied = os.pipe()
    heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
    _look_up()
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page that it marks
    running: dict[int, int] = {}
    try:
        while True:
            if connection.poll(TICK):
                number, environment, arguments, log = connection.recv()
                _import_environment(environment)
                if (pid := os.fork()) == 0:
                    connection.close()
                    os.close(tied)
                    _take_over(tie, Path(log))
                    signal.signal(signal.SIGINT, heeded)
                    return [*TRAIN, *arguments]
                running[pid] = number
            for pid in list(running):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    connection.send((running.pop(pid), os.waitstatus_to_exitcode(status)))
    except (EOFError, ConnectionError):
        _end(list(running))
    return None


def _look_up() -> None:
    """Have the libraries keep what every run would look up anew: a third of its start-up."""
    get_checkpoint_conversion_mapping("qwen3")  # compiles the patterns of all architectures
    package_versions()


def _import_environment(environment: str) -> None:
    with suppress(Exception):  # the run itself meets it, and says so in its log
        load_env_creator(gymnasium.spec(environment).kwargs["text_env"])


def _take_over(tie: int, log: Path) -> None:
    """Put the standard streams in the place where a process of its own would have them."""
    os.dup2(tie, 0)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)


def _end(running: Sequence[int]) -> None:
    for pid in running:
        os.kill(pid, signal.SIGTERM)
    waited_for = time.monotonic() + GRACE
    for pid in running:
        while os.waitpid(pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > waited_for:
                os.kill(pid, signal.SIGKILL)
            time.sleep(TICK / 10)


def main() -> None:
    """Serve forks over the connection whose file descriptor is the argument."""
    arguments = serve(Connection(int(sys.argv[1])))
    if arguments is not None:
        sys.argv[1:] = arguments
        cli.main()


if __name__ == "__main__":
    main()
