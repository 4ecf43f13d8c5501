"""Agents that know nothing, and the little that they may reach."""

import re
from collections.abc import Callable
from random import Random

import pytest

from arlarena_bench.envs.tir_math.env import TirMathEnv
from arlarena_bench.envs.tir_math.reply import block, box

Agent = Callable[[TirMathEnv, Random], str]


def null(env: TirMathEnv, rng: Random) -> str:
    return ""


def guess(env: TirMathEnv, rng: Random) -> str:
    """Box a number as large as some number of the problem."""
    numbers = [int(number) for number in re.findall(r"\d+", env.problem.text)]
    return box(str(rng.randrange(2 * max(numbers, default=50) + 1)))


def copy_the_output(env: TirMathEnv, rng: Random) -> str:
    """Print the product of the problem's numbers, and box what was printed."""
    if env.turns:
        return box(env.observe().rpartition(":")[2].strip())
    numbers = re.findall(r"\d+", env.problem.text)
    return block(f"from math import prod\nprint(prod([{', '.join(numbers)}]))")


def blunder(env: TirMathEnv, rng: Random) -> str:
    return env.demonstrator.noise(rng)[0]


@pytest.mark.parametrize(
    ("agent", "size", "lowest", "highest"),
    [
        (null, "full", 0.0, 0.0),
        (null, "mini", 0.0, 0.0),
        (guess, "full", 0.0, 0.03),
        (guess, "mini", 0.0, 0.03),
        # Products are 1 of 50 kinds, and 2 of the 7 short ones.
        (copy_the_output, "full", 0.02, 0.06),
        (copy_the_output, "mini", 2 / 7, 0.3),
        # A lost character of a program may be of no consequence.
        (blunder, "full", 0.0, 0.1),
        (blunder, "mini", 0.0, 0.1),
    ],
)
def test_agents_without_skill(agent: Agent, size: str, lowest: float, highest: float) -> None:
    env = TirMathEnv(size=size, timeout=1.0)
    rng = Random(0)
    tasks = env.tasks.panel("test").first(140 if size == "mini" else 60)
    successes = 0
    for task_id in tasks:
        env.reset(options={"task_id": task_id})
        ended = False
        while not ended:
            *_, terminated, truncated, info = env.step(agent(env, rng))
            ended = terminated or truncated
        successes += info["success"]
        assert info["void"] or agent is not null
    assert lowest <= successes / len(tasks) <= highest
