import copy
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from tiny_household import tiny

from arlarena_bench.envs.alfworld import Game, State, shared
from arlarena_bench.envs.alfworld.catalogue import generate
from arlarena_bench.envs.alfworld.env import AlfworldEnv
from arlarena_bench.envs.alfworld.shared import REMEMBERED, CompiledGame, SharedGame

WRONG = ("", "fly", "LOOK", "take", "\0")


@pytest.mark.parametrize("remembered", [0, 8, REMEMBERED])
def test_players_of_one_game_are_as_players_of_their_own(remembered: int) -> None:
    data = generate("validation/0004", "mini")
    rng = random.Random(0)
    compiled = CompiledGame(Game.from_data(data), remembered)
    together = [SharedGame(compiled) for _ in range(4)]
    alone = [Game.from_data(data) for _ in together]
    states = [(one.reset(), other.reset()) for one, other in zip(together, alone, strict=True)]
    for _ in range(400):
        player = rng.randrange(len(together))
        ours, theirs = together[player], alone[player]
        choice = rng.random()
        if choice < 0.02:
            states[player] = ours.reset(), theirs.reset()
        else:
            commands = states[player][1].admissible_commands
            command = rng.choice(WRONG if choice < 0.2 else commands)
            states[player] = ours.step(command), theirs.step(command)
        assert states[player][0] == states[player][1]
        assert ours.facts() == theirs.facts()
    assert ours.goal == theirs.goal
    assert ours.names == theirs.names


def test_a_state_is_the_callers_own() -> None:
    game = SharedGame.from_data(tiny())
    game.reset().admissible_commands.clear()
    assert game.step("look").admissible_commands
    assert SharedGame.from_data(tiny()).reset().admissible_commands


def test_threads_share_a_game() -> None:
    def play(seed: int) -> list[State]:
        game, rng = SharedGame.from_data(tiny()), random.Random(seed)
        states = [game.reset()]
        for _ in range(300):
            states.append(game.step(rng.choice(states[-1].admissible_commands)))
        return states

    expected = [play(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(play, range(4))) == expected


def test_environments_of_a_group_compile_a_game_once() -> None:
    first, second = AlfworldEnv(size="mini"), AlfworldEnv(size="mini")
    shared._compile.cache_clear()
    for env in (first, second):
        env.reset(options={"task_id": "train/11"})
    assert shared._compile.cache_info().misses == 1
    plan = first.demonstrator.oracle()
    for command in plan:
        first.step(command)
    assert first.success
    assert not second.success
    twin = copy.deepcopy(first)
    assert (twin.anchor(), twin.success) == (first.anchor(), True)
    assert second.demonstrator.oracle() == plan
