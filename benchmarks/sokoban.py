"""Sokoban beside gym-sokoban: steps and levels per CPU second, measured in turns in one run.

Run with `python -m benchmarks.sokoban`. Ours writes the text of the room at every step and
certifies every level with the solver; gym-sokoban is spared its picture and does neither.
"""

import contextlib
import io
import random
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.progress import track
from tabulate import tabulate

from arlarena_bench.envs.sokoban import Board, Generator
from arlarena_bench.envs.sokoban.board import DIRECTIONS
from arlarena_bench.envs.sokoban.env import SokobanEnv

ROUNDS = 7
STEPS = 10_000
INSTALL = "pip install --no-deps -r peers.txt"
ROOM = "########\n#P__#__#\n#_X__O_#\n#_O#X__#\n#______#\n########"

Measure = Callable[[], float]


def gym_sokoban() -> Any | None:
    """Return gym-sokoban's environment class without its rendering, or None if not installed."""
    try:
        # Importing gym prints that gym is no longer maintained.
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from gym_sokoban.envs.sokoban_env import SokobanEnv as Peer
    except ImportError:
        return None
    return type("Peer", (Peer,), {"render": lambda self, mode: None})


def per_second(count: int, work: Callable[[], object]) -> float:
    """Run `work`, which does something `count` times, and return its rate in CPU seconds."""
    started = time.process_time()
    work()
    return count / (time.process_time() - started)


def our_steps(moves: list[int]) -> Measure:
    """Moves of the engine, each with the text of the room after it."""

    def work() -> None:
        board = Board(ROOM)
        for move in moves:
            board.move(DIRECTIONS[move])
            str(board)

    return lambda: per_second(len(moves), work)


def our_turns(moves: list[int]) -> Measure:
    """Steps of the whole Gymnasium environment, `info` included."""

    def work() -> None:
        env = SokobanEnv(horizon=len(moves) + 1)
        env.reset(seed=0)
        for move in moves:
            env.step(DIRECTIONS[move])

    return lambda: per_second(len(moves), work)


def our_levels(boxes: int, count: int) -> Measure:
    """Certified 6x6 levels."""
    rng = random.Random(0)
    generator = Generator(6, 6, boxes)
    return lambda: per_second(count, lambda: [generator.level(rng) for _ in range(count)])


def peer_steps(peer: Any, moves: list[int]) -> Measure:
    """Steps of gym-sokoban with no observation."""
    env = peer(dim_room=(6, 6), num_boxes=2)

    def work() -> None:
        for move in moves:
            env.step(move + 1)

    return lambda: per_second(len(moves), work)


def peer_levels(peer: Any, boxes: int, count: int) -> Measure:
    """6x6 levels of gym-sokoban, which prints each retry."""
    env = peer(dim_room=(6, 6), num_boxes=boxes, reset=False)

    def work() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            for _ in range(count):
                env.reset()

    return lambda: per_second(count, work)


def main() -> None:
    """Measure and print."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002, gym-sokoban draws from the global generators
    rng = random.Random(0)
    moves = [rng.randrange(4) for _ in range(STEPS)]
    peer = gym_sokoban()
    if peer is None:
        print(f"gym-sokoban is not installed; its columns are left out ({INSTALL})\n")
    rows: list[tuple[str, Measure, Measure | None]] = [
        ("steps/s, engine and text", our_steps(moves), peer and peer_steps(peer, moves)),
        ("steps/s, whole environment", our_turns(moves), peer and peer_steps(peer, moves)),
        ("levels/s, 6x6, 1 box", our_levels(1, 500), peer and peer_levels(peer, 1, 20)),
        ("levels/s, 6x6, 2 boxes", our_levels(2, 300), peer and peer_levels(peer, 2, 10)),
    ]
    ours: dict[str, list[float]] = {name: [] for name, _, _ in rows}
    theirs: dict[str, list[float]] = {name: [] for name, _, _ in rows}
    for _ in track(range(ROUNDS), description="rounds"):
        for name, measure, measure_peer in rows:
            ours[name].append(measure())
            if measure_peer:
                theirs[name].append(measure_peer())
    table = []
    for name, _, _ in rows:
        own = statistics.median(ours[name])
        other = statistics.median(theirs[name]) if theirs[name] else None
        table.append((name, own, other, f"{own / other:.1f}x" if other else None))
    headers = ["per CPU second", "ours", "gym-sokoban", "ratio"]
    print(tabulate(table, headers, floatfmt=",.0f", tablefmt="github", missingval="-"))


if __name__ == "__main__":
    main()
