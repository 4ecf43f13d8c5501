"""The same games through our engine and the original, compared byte by byte after every step."""

import copy
import importlib.util
import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from tiny_household import tiny

from arlarena_bench.envs.alfworld import Game, State, TextworldGame
from arlarena_bench.envs.alfworld.draw import Draw
from arlarena_bench.envs.alfworld.env import PUT
from arlarena_bench.envs.alfworld.expert import Searcher
from arlarena_bench.envs.alfworld.game_file import reworded
from arlarena_bench.envs.alfworld.generator import Household, game, wording
from arlarena_bench.envs.alfworld.goals import TASKS, Goal
from arlarena_bench.envs.alfworld.textworld_backend import (
    INSTALL,
    PACKAGES,
    with_shipped_texts,
)
from arlarena_bench.envs.alfworld.world import World

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, PACKAGES)), reason=f"needs the original: {INSTALL}"
)

GAMES_OF_A_TYPE = 4

MALFORMED = (
    "", " ", "\t\n", "\0", "go to\0drawer 1", "x" * 100_000, "look " * 20_000, "\u202elook", "🙂🙂",
    "مفتاح", "Look", "LOOK", "look around", "go to", "go to ", "go to nowhere 1", "take", "{r}",
    "{o.name}", "#look.feedback#", "[{r.name}]", "%s", "\\", "'; --", "None", "<action>look",
    "go to drawer", "open", "inventory inventory", "\ud800", "help\x85", "\x1b[31mlook",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def remembered() -> Iterator[None]:
    """Let the original remember what its parsers return for the same text.

    They depend on nothing else, and without it every step parses the grammar over and over: these
    tests would take three times as long.
    """
    if not all(map(importlib.util.find_spec, PACKAGES)):
        yield
        return
    TextworldGame(tiny())  # imports the original
    import fast_downward
    from textworld.envs.pddl import textgen
    from textworld.logic import Rule

    parse = lru_cache(maxsize=None)(textgen._parse_and_convert)
    query = lru_cache(maxsize=None)(Rule.parse_conjunctive_query)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_downward, "pddl2sas", lru_cache(maxsize=2)(fast_downward.pddl2sas))
        patch.setattr(Rule, "parse_conjunctive_query", query)
        patch.setattr(
            textgen, "_parse_and_convert", lambda text, **options: copy.deepcopy(
                parse(text, rule_name=options["rule_name"])
            )
        )  # fmt: skip
        yield


class Both:
    """A game in both engines, which must agree."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.ours, self.original = Game.from_data(data), TextworldGame(data)
        assert self.ours.names == self.original.names
        self.steps = 0
        self.state = self.reset()

    def reset(self) -> State:
        return self._agree(self.ours.reset(), self.original.reset(), "reset")

    def step(self, command: str) -> State:
        self.steps += 1
        return self._agree(self.ours.step(command), self.original.step(command), command)

    def _agree(self, ours: State, original: State, command: str) -> State:
        assert ours == original, f"after {command[:80]!r}"
        assert (ours.reward, ours.done) == (original.reward, original.done)
        self.state = ours
        return ours

    def wander(self, seed: str, steps: int) -> None:
        """Take random commands, most of which do something, and some that are malformed."""
        rng = random.Random(seed)
        for _ in range(steps):
            everything = self.state.admissible_commands
            handling = [c for c in everything if not c.startswith(("go to", "help", "look"))]
            chosen = handling if handling and rng.random() < 0.7 else everything
            command = rng.choice(chosen if rng.random() < 0.85 else MALFORMED)
            self.step(f" {command}\n" if rng.random() < 0.05 else command)
        assert told(self.ours) == told(self.original)


def told(game: Game | TextworldGame) -> set[tuple[str, ...]]:
    """Return the facts, without those that change conditionally.

    The original keeps two lists of facts, and the one it shows takes every condition for true.
    """
    return {fact for fact in game.facts() if fact[0] not in {"ison", "lit"}}


def generated(kind: str, number: int) -> dict[str, Any]:
    household = Household()
    task = household.draw(Draw("lockstep", kind, number), task=kind)
    return game(household.scene(task), wording(task))


@pytest.mark.parametrize("number", range(GAMES_OF_A_TYPE))
@pytest.mark.parametrize("kind", TASKS)
def test_official_texts(kind: str, number: int) -> None:
    both = Both(with_shipped_texts(generated(kind, number)))
    both.wander(f"{kind}-{number}", steps=90)
    both.reset()
    searcher = Searcher(Goal.read(both.ours.goal), PUT["move"])
    while not both.state.won:
        world = World.read(both.ours.facts(), both.ours.names)
        searcher.see(world)
        both.step(searcher.plan(world)[0])
    for command in ("look", "inventory", "help", both.state.admissible_commands[0]):
        both.step(command)  # play goes on after the end


@pytest.mark.parametrize("verb", ["move", "put"])
@pytest.mark.parametrize("kind", TASKS)
def test_our_texts(kind: str, verb: str) -> None:
    data = reworded(generated(kind, GAMES_OF_A_TYPE), verb)
    both = Both(data)
    both.wander(f"{kind}-{verb}", steps=30)
    both.reset()
    for command in data["walkthrough"]:
        assert not both.state.won
        both.step(command)
    assert both.state.won


@pytest.fixture(scope="module")
def household() -> Both:
    return Both(tiny())


@pytest.mark.parametrize("command", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_commands(command: str, household: Both) -> None:
    household.reset()
    assert household.step(command).observation == "Nothing happens."


GOAL = "(:goal (exists (?o - object ?r - receptacle)\n"
LIGHT = ":effect (forall (?o - object) (when (and (holds ?a ?o) (is ?o {})) (lit ?o)))"
TWISTS = {
    "as it is": ("pddl_problem", "", ""),
    "two receptacles": ("pddl_problem", "(in Lamp", "(in Lamp_bar_1 Table_bar_2) (in Lamp"),
    "beginning at a receptacle": ("pddl_problem", "(at me p0)", "(at me p1)"),
    "everything in one place": ("pddl_problem", "p2)", "p1)"),
    "for all": (
        "pddl_problem", GOAL,
        "(:goal (forall (?m - object) (or (not (is ?m mug)) (exists (?t - receptacle)"
        " (and (in ?m ?t) (opened ?t))))))) ;",
    ),
    "either": ("pddl_problem", GOAL, "(:goal (or (opened Fridge_bar_1) (at me p2)))) ;"),
    "a conditional effect": ("pddl_problem", GOAL, "(:goal (lit Lamp_bar_1))) ;"),
    "a negation": (
        "pddl_problem", GOAL, "(:goal (not (exists (?o - object) (in ?o Table_bar_1))))) ;"
    ),
    "an effect for all": ("pddl_domain", ":effect (checked ?a)", LIGHT.format("lamp")),
    "an effect that never is": ("pddl_domain", ":effect (checked ?a)", LIGHT.format("bowl")),
}  # fmt: skip


@pytest.mark.parametrize("twist", TWISTS)
def test_other_features_of_the_language(twist: str) -> None:
    key, old, new = TWISTS[twist]
    text = tiny()[key].replace(old, new)
    if new.endswith(";"):
        text = text[: text.index(";")]
    both = Both(tiny(**{key: text}))
    both.wander(twist, steps=150)
