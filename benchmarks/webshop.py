"""WebShop: steps per CPU second, start-up, memory of 64 visits, rewards per second.

Run with `python -m benchmarks.webshop`. An agent searches for words of its instruction and clicks
at random, in 1,000 generated products; every step reads the page and what can be clicked. With
`--original PATH`, a clone of princeton-nlp/WebShop, the original plays the same actions in the same
run, its pages are compared with ours, and the ratio is printed.
"""

import gc
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Annotated, Any

import typer
from tabulate import tabulate

from arlarena_bench.envs.webshop import Shop, Visit
from arlarena_bench.envs.webshop.catalogue import goals, products
from arlarena_bench.errors import ArenaError

from .webshop_original import original

PRODUCTS = 1000
HORIZON = 15
ROUNDS = 5
STEPS = 4000
ORIGINAL_STEPS = 200
VISITS = 64
REWARDS = 4000
# Measured once with the original's own code on one core; `--original` measures it again.
STATED = 40


def shop(size: int) -> Shop:
    """Return a shop with the first so many generated products, and the goals for them."""
    sold = products()[:size]
    asins = {product["asin"] for product in sold}
    wanted = [goal for goal in goals() if goal["asin"] in asins]
    return Shop(sold, wanted, tagger="words")


def next_action(rng: random.Random, instruction: str, available: dict[str, Any]) -> str:
    """Search at the search bar and sometimes elsewhere; else click anything."""
    if available["has_search_bar"] or not available["clickables"] or rng.random() < 0.1:
        words = instruction.split()
        return f"search[{' '.join(rng.sample(words, min(3, len(words))))}]"
    return f"click[{rng.choice(available['clickables'])}]"


def play(own: Shop, mode: str, seed: int, steps: int) -> tuple[float, int, list[tuple[int, str]]]:
    """Play at random.

    Returns:
        CPU seconds, steps taken, and the goal and action of every step.
    """
    rng = random.Random(seed)
    played: list[tuple[int, str]] = []
    started = time.process_time()
    while len(played) < steps:
        goal = rng.randrange(len(own.goals))
        visit = own.open(goal, mode)
        for _ in range(HORIZON):
            action = next_action(rng, visit.instruction, visit.available_actions)
            _, done = visit.step(action)
            played.append((goal, action))
            assert visit.observation
            if done:
                break
    return time.process_time() - started, len(played), played


def replay(env: Any, own: Shop, mode: str, played: list[tuple[int, str]]) -> tuple[float, int]:
    """Play the same actions in the original.

    Returns:
        CPU seconds of the original, and how many of its steps differ from ours.
    """
    seconds, differing, turns, current = 0.0, 0, 0, -1
    visit: Visit | None = None
    for goal, action in played:
        if visit is None or visit.done or turns == HORIZON or goal != current:
            visit, turns, current = own.open(goal, mode), 0, goal
            env.reset(session=goal)
        started = time.process_time()
        observation, reward, done, _ = env.step(action)
        available = env.get_available_actions()
        seconds += time.process_time() - started
        same = visit.step(action) == (reward, done)
        turns += 1
        if not done:  # a descendant resets itself after a purchase
            same = same and observation == visit.observation
            same = same and available == visit.available_actions
        differing += not same
    return seconds, differing


def start_up() -> float:
    """Return the CPU seconds of a fresh process up to its first page of results."""
    code = (
        "import time; from benchmarks.webshop import shop;"
        f"visit = shop({PRODUCTS}).open(0); visit.step('search[a first search]');"
        "assert visit.observation; print(time.process_time())"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    return float(output)


def memory(own: Shop) -> float:
    """Return the bytes that a visit adds, in the middle of 64 of them."""
    rng = random.Random(0)
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    visits = [own.open(rng.randrange(len(own.goals))) for _ in range(VISITS)]
    for visit in visits:
        for _ in range(HORIZON - 1):
            visit.step(next_action(rng, visit.instruction, visit.available_actions))
            assert visit.observation
    gc.collect()
    added = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return added / len(visits)


def rewards(own: Shop, seed: int) -> float:
    """Return the CPU seconds of one reward, for purchases of any product for any goal."""
    rng = random.Random(seed)
    sold = list(own.products.values())
    bought = []
    for _ in range(REWARDS):
        product = rng.choice(sold)
        options = {name: rng.choice(v) for name, v in product["options"].items() if v}
        bought.append((own.goals[rng.randrange(len(own.goals))], product, options))
    started = time.process_time()
    for goal, product, options in bought:
        own.reward(goal, product, options, own.prices[product["asin"]])
    return (time.process_time() - started) / REWARDS


def main(
    original_path: Annotated[
        Path | None, typer.Option("--original", help="A clone of princeton-nlp/WebShop.")
    ] = None,
) -> None:
    """Measure and print."""
    seconds = statistics.median(start_up() for _ in range(ROUNDS))
    own = shop(PRODUCTS)
    rows: list[list[str]] = []
    differing = 0
    for mode in ("text", "text_rich"):
        timed = [play(own, mode, seed, STEPS) for seed in range(ROUNDS)]
        rate = statistics.median(steps / spent for spent, steps, _ in timed)
        row = [f"steps/s, {mode}", f"{rate:,.0f}"]
        if original_path is None:
            row += [f"{STATED} (stated)", f"{rate / STATED:,.0f}"]
        else:
            env = original(original_path, own, mode)
            played = play(own, mode, ROUNDS, ORIGINAL_STEPS)[2]
            spent, wrong = replay(env, own, mode, played)
            differing += wrong
            theirs = len(played) / spent
            row += [f"{theirs:,.1f}", f"{rate / theirs:,.0f}"]
        rows.append(row)
    per_reward = statistics.median(rewards(own, seed) for seed in range(ROUNDS))
    rows.append(["rewards/s", f"{1 / per_reward:,.0f}"])
    rows.append(["start-up, s", f"{seconds:.2f}"])
    rows.append([f"KB a visit, of {VISITS}", f"{memory(own) / 1e3:,.0f}"])
    headers = ["", "this shop", "original", "ratio"]
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True, stralign="right"))
    print(f"\n{len(own.products):,} products, {len(own.goals):,} goals, CPU time of one thread;")
    print("a step reads the page and what can be clicked;")
    print("start-up is that of a fresh process, imports included, up to the first results")
    if original_path is None:
        print("the original was not run here: pass --original PATH")
    else:
        print(f"the original played {ORIGINAL_STEPS} of the steps; {differing} differed")


if __name__ == "__main__":
    try:
        typer.run(main)
    except ArenaError as error:
        raise SystemExit(f"error: {error}") from error
