"""Episodes played through each sampler: what the environment takes, how full batches are, tokens.

Run with `python -m benchmarks.rollout`: 64 and 256 episodes of Sokoban by the nano start policy in
this process, and as many by a server on loopback that says one thing to everybody, so that its row
is what asking costs. `--model FOLDER` takes a model of yours in place of the start, asked in full
by the preset `eval`; give it fewer `--episodes`, and shorter ones by `--set`:

    python -m benchmarks.rollout --model FOLDER --episodes 16,64 \
        --set environment.kwargs.horizon=1 --set train.max_new_tokens=16

vLLM plays it, too, where it is installed (`make vllm-parts`), but on a CPU no heads narrower than
32, as the start's are:

    python -m benchmarks.rollout --set start.frozen=null --set model.heads=2 \
        --set model.key_value_heads=1 --set model.head_dim=32

CPU seconds are this process's, with one thread of torch, so that a busy machine does not blur them;
a server in another process has its own. A sampler is a function in `SAMPLERS` that opens one, or
raises `ArenaError` where it is not installed.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from tabulate import tabulate

from arlarena_bench import ArenaError, load_recipe
from arlarena_bench.episode import Generation
from arlarena_bench.harness.plan import parse_settings
from arlarena_bench.policy.base import Ask, Sampler
from arlarena_bench.policy.player import SampledPlayer
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream
from arlarena_bench.training.evaluate import evaluation_sampling
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.samplers import load_sampler
from arlarena_bench.training.start import load_policy, start_policy

EPISODES = (64, 256)
IN_FLIGHT = 16  # requests to a server
ANSWER = "<think> right </think> <action> right </action>"
ANSWERED = 8  # tokens, as the server counts them

Open = Callable[[Recipe, Path], AbstractContextManager[Sampler]]


@dataclass(slots=True)
class Watched:
    """A sampler, and what went through it.

    Attributes:
        sampler: Who answers.
        asked: How many replies each call was for.
        tokens: Sampled, where the sampler tells.
    """

    sampler: Sampler
    asked: list[int]
    tokens: int = 0

    def sample(
        self, asks: Sequence[Ask], sampling: Sampling, streams: Sequence[Stream]
    ) -> list[Generation]:
        """Sample, and count."""
        replies = self.sampler.sample(asks, sampling, streams)
        self.asked.append(len(asks))
        self.tokens += sum(len(reply.reply_ids) or ANSWERED for reply in replies)
        return replies


@contextmanager
def in_process(recipe: Recipe, folder: Path) -> Iterator[Sampler]:
    """Open the model in this process."""
    yield load_policy(recipe, folder)


@contextmanager
def endpoint(recipe: Recipe, folder: Path) -> Iterator[Sampler]:
    """Open a server on loopback that says one thing to everybody; the model plays no part.

    Raises:
        ArenaError: If the official client is not installed.
    """
    try:
        from arlarena_bench.policy.budget import Budget
        from arlarena_bench.policy.chat_client import ChatClient
        from arlarena_bench.policy.endpoint import Endpoint, Retries
        from arlarena_bench.policy.request_log import RequestLog
    except ModuleNotFoundError as error:
        raise ArenaError(f"{error.name} is missing: pip install 'arlarena-bench[api]'") from None
    with (
        tempfile.TemporaryDirectory() as kept,
        ThreadingHTTPServer(("127.0.0.1", 0), _Parrot) as server,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        with closing(ChatClient("parrot", url)) as client, RequestLog.open(Path(kept)) as log:
            yield Endpoint(client, log, Budget(), Retries(), IN_FLIGHT)
        server.shutdown()


@contextmanager
def in_vllm(recipe: Recipe, folder: Path) -> Iterator[Sampler]:
    """Open a copy of the model in vLLM, in this process.

    Raises:
        ArenaError: If vLLM is not installed, or cannot play the model, as on a CPU the start.
    """
    yield load_sampler(recipe.with_values({"sampler.engine": "vllm"}), folder)


SAMPLERS: Mapping[str, Open] = {"in process": in_process, "vllm": in_vllm, "endpoint": endpoint}


class _Parrot(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        reply = {"role": "assistant", "content": ANSWER}
        body = json.dumps(
            {
                "choices": [{"index": 0, "message": reply, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": ANSWERED},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def measure(recipe: Recipe, sampler: Sampler, episodes: int) -> tuple[str, ...]:
    """Play episodes of the training tasks side by side; return the cells of a row."""
    watched = Watched(sampler, [])
    arena = Arena(recipe)
    tasks = [f"train/{number}" for number in range(episodes)]
    streams = [Stream.of("rollout benchmark", task) for task in tasks]
    player = SampledPlayer(watched, evaluation_sampling(recipe))
    arena.play(player, tasks[:1], [0], streams[:1])  # what is made once is not counted
    watched.asked.clear()
    watched.tokens = 0
    arena.policy_seconds = arena.environment_seconds = 0.0
    began = time.monotonic()
    played = arena.play(player, tasks, range(episodes), streams)
    wall = time.monotonic() - began
    if failures := [episode.failure for episode in played if episode.failure]:
        raise ArenaError(f"{len(failures)} episodes have failed: {failures[0]}")
    taken = arena.policy_seconds + arena.environment_seconds
    turns = sum(watched.asked)
    return (
        f"{episodes}",
        f"{turns:,}",
        f"{turns / len(watched.asked):.0f}",
        f"{watched.tokens:,}",
        f"{taken:.2f}",
        f"{arena.environment_seconds / taken:.1%}",
        f"{watched.tokens / taken:,.0f}",
        f"{watched.tokens / wall:,.0f}",
    )


def main() -> None:
    """Measure and print; a sampler that cannot be had is a line below."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rollout")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="in place of the start policy")
    parser.add_argument("--episodes", default=",".join(map(str, EPISODES)), help="as 64,256")
    parser.add_argument("--env", default="sokoban", help="environment by short name")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="of the recipe")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    preset = "nano" if asked.model is None else "eval"
    recipe = load_recipe(preset, asked.env).with_values(parse_settings(asked.settings))
    folder = asked.model or start_policy(recipe)
    rows, absent = [], []
    for name, opened in SAMPLERS.items():
        try:
            with opened(recipe, folder) as sampler:
                rows += [
                    (name, *measure(recipe, sampler, int(count)))
                    for count in asked.episodes.split(",")
                ]
        except ArenaError as error:
            absent.append(f"{name}: {error}")
    headers = (
        "sampler", "episodes", "turns", "asked at once", "tokens", "CPU s", "environment",
        "tokens a CPU s", "tokens a s",
    )  # fmt: skip
    print(tabulate(rows, headers, "github", disable_numparse=True))
    played = "the start policy" if asked.model is None else asked.model.name
    print("\n".join(["", f"{recipe.name}.{recipe.environment.name}, {played}", *absent]))


if __name__ == "__main__":
    main()
