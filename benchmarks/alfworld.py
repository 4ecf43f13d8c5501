"""ALFWorld beside the original engine: steps per CPU second, loading, and the ratio, in one run.

Also what resetting an environment costs, for the first episode of a group and for the others.

Run with `python -m benchmarks.alfworld`. Both engines play the same generated games; every step
includes the admissible commands. Where the original (textworld 1.7.0, alfworld 0.4.2) is
installed, as it ships, the games have the domain and the grammar of its own games.
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from rich.progress import track
from tabulate import tabulate

from arlarena_bench.envs.alfworld import Game, PlayedGame, TextworldGame
from arlarena_bench.envs.alfworld.draw import Draw
from arlarena_bench.envs.alfworld.env import AlfworldEnv
from arlarena_bench.envs.alfworld.generator import Household, game, wording
from arlarena_bench.envs.alfworld.goals import TASKS
from arlarena_bench.envs.alfworld.textworld_backend import (
    INSTALL,
    PACKAGES,
    with_shipped_texts,
)

# Not what environments use: that compiles a game once for all who play it.
ENGINES: dict[str, Callable[[Mapping[str, Any]], PlayedGame]] = {
    "native": Game.from_data,
    "textworld": TextworldGame,
}
GAMES = 4
ROUNDS = 5
STEPS = {"native": 1000, "textworld": 10}
# Room numbers of the original: 1 to 30 are kitchens.
LAST_KITCHEN = 30


def games(*, kitchens: bool) -> list[dict[str, Any]]:
    """Draw games in kitchens, or in the three other kinds of room."""
    household = Household()
    found: list[dict[str, Any]] = []
    number = 0
    while len(found) < GAMES:
        draw = Draw("benchmark", number)
        task = household.draw(draw, task=TASKS[number % len(TASKS)])
        number += 1
        if (int(task.plan) <= LAST_KITCHEN) == kitchens:
            found.append(game(household.scene(task), wording(task)))
    return found


def measure(backend: str, data: dict[str, Any], seed: int) -> tuple[float, float]:
    """Play random admissible commands.

    Returns:
        CPU seconds to load and reset the game, and to take one step.
    """
    rng = random.Random(seed)
    started = time.process_time()
    played = ENGINES[backend](data)
    state = played.reset()
    loaded = time.process_time()
    for _ in range(STEPS[backend]):
        state = played.step(rng.choice(state.admissible_commands))
    return loaded - started, (time.process_time() - loaded) / STEPS[backend]


def median(backend: str, rooms: Sequence[dict[str, Any]], rounds: int) -> tuple[float, float]:
    """Return the medians of `measure` over games and rounds."""
    measured = [measure(backend, data, seed) for seed in range(rounds) for data in rooms]
    load, step = zip(*measured, strict=True)
    return statistics.median(load), statistics.median(step)


def resets(size: str) -> tuple[float, float]:
    """Reset two environments to the same fresh tasks.

    Returns:
        Medians of CPU seconds, of the environment that comes first and of the other.
    """
    first, second = AlfworldEnv(size), AlfworldEnv(size)
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(GAMES * ROUNDS):
        for env, seconds in zip((first, second), spent, strict=True):
            started = time.process_time()
            env.reset(options={"task_id": f"train/{number}"})
            seconds.append(time.process_time() - started)
    return statistics.median(spent[0]), statistics.median(spent[1])


def main() -> None:
    """Measure and print."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    rooms = {"kitchens": games(kitchens=True), "other rooms": games(kitchens=False)}
    if not missing:
        rooms = {place: [with_shipped_texts(g) for g in data] for place, data in rooms.items()}
    rows = []
    for place, data in track(rooms.items(), description="engines"):
        for backend in ENGINES:  # what is done once a process is no part of a load
            if backend == "native" or not missing:
                measure(backend, data[0], seed=0)
        load, step = median("native", data, ROUNDS)
        row = [place, f"{1 / step:,.0f}", f"{1000 * load:.1f}"]
        if not missing:
            their_load, their_step = median("textworld", data, rounds=1)
            row += [
                f"{1 / their_step:.1f}", f"{1000 * their_load:,.0f}",
                f"{their_step / step:,.0f}", f"{their_load / load:,.0f}",
            ]  # fmt: skip
        rows.append(row)
    headers = ["", "steps/s", "load + reset, ms"]
    if not missing:
        headers += ["original: steps/s", "load + reset, ms", "steps: ratio", "load: ratio"]
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True, stralign="right"))
    print(f"\n{GAMES} games a row, medians, CPU time of one thread, admissible commands included")
    for name, size in (("ALFWorld", "full"), ("ALFWorldMini", "mini")):
        once, again = resets(size)
        print(
            f"{name}: a reset takes {1000 * once:.1f} ms, another of a group {1000 * again:.2f} ms"
        )
    if missing:
        print(f"the original was not measured: {', '.join(missing)} missing; {INSTALL}")


if __name__ == "__main__":
    main()
