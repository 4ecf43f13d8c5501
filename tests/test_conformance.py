"""What keeps its promises passes; what breaks one is told which."""

import itertools
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import pytest
from corridor import ID, MOVES, Corridor, Walker

from arlarena_bench import ArenaError, ListedTasks, register_text_env
from arlarena_bench.conformance import CHECKS

TASKS = ListedTasks("corridors", train="345", validation="67", test="89")
LEFT, CALLS = "left", itertools.count()


class Kept(Corridor):
    def __init__(self, *, horizon: int = 10, render_mode: str | None = None) -> None:
        super().__init__(horizon=horizon, render_mode=render_mode)
        self.tasks = TASKS


class Solid(Kept):
    def __deepcopy__(self, memo: dict[int, object]) -> "Solid":
        return self


class Forgetful(Kept):
    def observe(self) -> str:
        return f"{super().observe()}, seen {next(CALLS)} times"


class Proud(Kept):
    def act(self, command: str) -> float:
        if command not in MOVES:
            raise KeyError(command)
        return super().act(command)


class Restless(Kept):
    def act(self, command: str) -> float:
        return super().act(command if command in MOVES else "right")


class Lost(Walker):
    def oracle(self) -> list[str]:
        return ["left"]


class Hopeless(Kept):
    demonstrator_class = Lost


class Hashed(Kept):
    def observe(self) -> str:
        return f"{super().observe()} {hash(self.task_id)}"


class Leaky(ListedTasks):
    def draw(self, rng: Any) -> str:
        return "8"

    def is_held_out(self, task_id: str) -> bool:
        return False


class Cheating(Kept):
    def __init__(self, **others: Any) -> None:
        super().__init__(**others)
        self.tasks = Leaky("leaky", train="345", validation="67", test="89")


class Open(Kept):
    def __init__(self, **others: Any) -> None:
        super().__init__(**others)


class Short(Kept):
    """Registered with another horizon than it has."""


BROKEN = {
    Solid: ("copies", "a copy moves with its original"),
    Forgetful: ("gymnasium_check", "Gymnasium's check_env: "),
    Proud: ("any_string", "act('') raises"),
    Restless: ("any_string", "act('') changes the state"),
    Hopeless: ("solvable", "the oracle does not solve 6"),
    Hashed: ("processes", "another process plays it with other bytes"),
    Open: ("protocol_arguments", "let __init__ name all it takes"),
    Cheating: ("panels", "training draws a task of a panel"),
    Short: ("specification", "max_episode_steps and horizon differ"),
}


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    before = dict(gym.registry)
    for made in (Kept, *BROKEN):
        steps = 3 if made is Short else 10
        name = made.__name__
        register_text_env(f"tests/{name}-v0", f"test_conformance:{name}", max_episode_steps=steps)
    yield
    gym.registry.clear()
    gym.registry.update(before)


@pytest.mark.parametrize("check", CHECKS)
def test_what_keeps_its_promises_passes(check: str) -> None:
    CHECKS[check]("tests/Kept-v0")


@pytest.mark.parametrize("made", BROKEN, ids=lambda made: made.__name__)
def test_what_breaks_one_is_told_which(made: type[Corridor]) -> None:
    check, said = BROKEN[made]
    with pytest.raises(ArenaError) as told:
        CHECKS[check](f"tests/{made.__name__}-v0")
    line = str(told.value)
    assert line.startswith(f"tests/{made.__name__}-v0: ")
    assert said in line
    assert "\n" not in line


def test_an_environment_without_a_test_panel_is_said_so() -> None:
    with pytest.raises(ArenaError, match="corridor has no test panel"):
        CHECKS["the_end"](ID)
