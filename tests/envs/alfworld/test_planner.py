from collections import deque
from random import Random

import pytest

from arlarena_bench.envs.alfworld import Game
from arlarena_bench.envs.alfworld.catalogue import generate
from arlarena_bench.envs.alfworld.env import AlfworldEnv
from arlarena_bench.envs.alfworld.goals import Goal
from arlarena_bench.envs.alfworld.planner import Planner
from arlarena_bench.envs.alfworld.world import World

IDLE = ("examine", "look", "inventory", "help", "close")


def shortest(content: dict[str, object], limit: int) -> int:
    """Search all commands, breadth first, in the engine itself; `limit` if nothing is shorter."""
    played = Game.from_data(content)
    queue: deque[tuple[str, ...]] = deque([()])
    seen = set()
    while queue:
        path = queue.popleft()
        state = played.reset()
        for command in path:
            state = played.step(command)
        if state.won:
            return len(path)
        key = World.read(played.facts(), played.names).key()
        if key in seen or len(path) == limit - 1:
            continue
        seen.add(key)
        useful = [c for c in state.admissible_commands if not c.startswith(IDLE)]
        queue.extend((*path, command) for command in useful)
    return limit


def test_plans_are_as_short_as_can_be() -> None:
    compared = 0
    for number in range(30):
        content = generate(f"train/{number}", "mini")
        plan = content["walkthrough"]
        if len(plan) <= 5:
            compared += 1
            assert shortest(content, len(plan)) == len(plan)
    assert compared >= 5


@pytest.mark.parametrize("size", ["full", "mini"])
def test_it_finds_its_way_back_from_anywhere(size: str) -> None:
    env = AlfworldEnv(size=size, horizon=10_000)
    rng = Random(0)
    for number in range(25):
        env.reset(options={"task_id": f"train/{number}"})
        for _ in range(30):
            if not env.success:
                env.step(rng.choice(env.admissible_actions()))
        plan = env.demonstrator.oracle()
        assert len(plan) <= 20
        for command in plan:
            assert not env.success
            assert env.is_valid(command)
            env.step(command)
        assert env.success


def test_nothing_is_left_to_do_or_can_be_done() -> None:
    played = Game.from_data(generate("validation/0000", "mini"))
    goal = Goal.read(played.goal)
    for command in generate("validation/0000", "mini")["walkthrough"]:
        played.step(command)
    world = World.read(played.facts(), played.names)
    assert Planner(world, goal).plan() == []
    assert Planner(world, Goal("pick_and_place_simple", "piano", "shelf")).plan() is None
