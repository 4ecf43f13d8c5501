import os
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tiny_household import GRAMMAR, PROBLEM, tiny

from arlarena_bench.envs.alfworld import Game, State
from arlarena_bench.errors import ArenaError

WAY = (
    "go to table 2", "take mug 1 from table 2", "go to fridge 1", "open fridge 1",
    "move mug 1 to fridge 1",
)  # fmt: skip


def transcript(seed: int, steps: int = 200) -> list[State]:
    game, rng = Game.from_data(tiny()), random.Random(seed)
    states = [game.reset()]
    for _ in range(steps):
        states.append(game.step(rng.choice(states[-1].admissible_commands)))
    return states


def test_from_the_beginning_to_the_end() -> None:
    game = Game.from_data(tiny())
    state = game.reset()
    assert state.observation == "Hello.\n\nYour task is to: put the other mug in the fridge."
    assert state.admissible_commands == [
        "go to fridge 1", "go to table 1", "go to table 2", "look"
    ]  # fmt: skip
    states = [game.step(command) for command in WAY]
    assert [state.won for state in states] == [False] * 4 + [True]
    assert (states[-1].reward, states[-1].done) == (1, True)
    assert states[3].observation == "Open: a mug 2."
    # Play goes on, and what was won can be lost.
    assert not game.step("take mug 1 from fridge 1").won
    assert game.reset() == state


def test_where_one_already_is_one_cannot_go() -> None:
    game = Game.from_data(tiny())
    game.step("go to table 1")
    for command in ("go to table 1", "go to table 2"):  # both stand in one place
        assert game.step(command).observation == "Nothing happens."
    # What stands there is in reach, unseen.
    assert game.step("take lamp 1 from table 2").observation.startswith("You take the lamp 1")


@pytest.mark.parametrize(
    "command",
    ["", " ", "\0", "LOOK", "go to Fridge 1", "x" * 100_000, "\u202elook", "🙂", "\ud800", "{r}"],
)
def test_other_commands_change_nothing(command: str) -> None:
    game = Game.from_data(tiny())
    before = game.reset()
    after = game.step(command)
    assert after.observation == "Nothing happens."
    assert after.admissible_commands == before.admissible_commands
    assert game.step(" look\n").observation == "You see a fridge 1, a table 2, and a table 1."


def test_a_state_is_the_callers_own() -> None:
    game = Game.from_data(tiny())
    game.reset().admissible_commands.clear()
    assert game.step("look").admissible_commands
    assert pickle.loads(pickle.dumps(game.reset())) == game.reset()


def test_facts_names_and_goal() -> None:
    game = Game.from_data(tiny())
    assert game.names["mug_bar_2"] == "mug 1"
    assert ("in", "mug_bar_2", "table_bar_1") in game.facts()
    for command in WAY:
        game.step(command)
    assert ("in", "mug_bar_2", "fridge_bar_1") in game.facts()
    assert game.goal[0] == "exists"


def test_threads_and_forks_play_alike() -> None:
    expected = [transcript(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(transcript, range(4))) == expected
    if hasattr(os, "fork"):
        child = os.fork()
        if not child:
            os._exit(transcript(0) != expected[0])
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pddl_problem": PROBLEM.replace("Mug_bar_2 Table", "Mug_bar_2 Fridge")}, "already true"),
        ({"pddl_problem": PROBLEM.replace("(is ?o mug)", "(is ?o cup)")}, "cannot be won"),
        ({"pddl_problem": PROBLEM[:600]}, "never closed; is the text cut off"),
        ({"grammar": GRAMMAR.replace("action go ", "action went ")}, "there is no action 'go'"),
        ({"grammar": GRAMMAR.replace('"intro"', '"outro"')}, "unknown rule of the grammar 'intro'"),
        ({"solvable": False}, "marked unsolvable"),
    ],
)
def test_games_that_cannot_be_played(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ArenaError, match=reason) as caught:
        Game.from_data(tiny(**changes))
    assert "\n" not in str(caught.value)
