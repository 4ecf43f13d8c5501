"""One compiled game for all who play it at once: to compile one takes as long as to play it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import Any

from .engine import Game, State
from .engine.facts import Snapshot
from .engine.game import NOTHING
from .engine.sexpr import Tree
from .game_file import check_game

# Most games that are kept when nobody plays them any more: a test panel and what is validated on,
# which each decoder of an evaluation, and each run whose replies are checked, plays again. One of
# ALFWorldMini's takes 0.4 megabytes.
KEPT = 768
REMEMBERED = 1024


class CompiledGame:
    """A game of the native engine, played by any number of players in any number of threads.

    What a command led to is remembered: the episodes of a group often begin alike.

    Args:
        game: The engine's; it belongs to this object from now on.
        remembered: Most steps that are remembered, before they are forgotten all at once.

    Attributes:
        goal: The goal, as nested lists of PDDL's words.
        names: Id → the name commands and observations use.
        beginning: What is seen first, and the position of that.
    """

    def __init__(self, game: Game, remembered: int = REMEMBERED) -> None:
        self.goal: Tree = game.goal
        self.names: Mapping[str, str] = game.names
        self._game = game
        self._lock = Lock()
        self._remembered = remembered
        self._steps: dict[tuple[Snapshot, str], tuple[State, Snapshot]] = {}
        self.beginning = game.reset(), game.snapshot()

    def step(self, position: Snapshot, command: str) -> tuple[State, Snapshot]:
        """Return what an admissible command leads to from a position, and the position after."""
        key = position, command
        if (found := self._steps.get(key)) is None:
            with self._lock:
                self._game.restore(position)
                found = self._game.step(command), self._game.snapshot()
                if len(self._steps) >= self._remembered:
                    self._steps.clear()
                self._steps[key] = found
        return found

    def facts(self, position: Snapshot) -> frozenset[tuple[str, ...]]:
        """Return everything that is true in a position."""
        with self._lock:
            self._game.restore(position)
            return self._game.facts()


class SharedGame:
    """One player's game; see `Game` for the interface.

    Args:
        compiled: What it shares with others.

    Attributes:
        goal: The goal, as nested lists of PDDL's words.
        names: Id → the name commands and observations use.
    """

    def __init__(self, compiled: CompiledGame) -> None:
        self.goal = compiled.goal
        self.names = compiled.names
        self._compiled = compiled
        self._state, self._position = compiled.beginning

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "SharedGame":
        """Join the game in a game file's object, which is compiled where nobody plays it yet.

        Raises:
            ArenaError: If it is not a game that can be won.
        """
        check_game(data)
        return cls(_compile(data["pddl_domain"], data["pddl_problem"], data["grammar"]))

    def reset(self) -> State:
        """Go back to the beginning."""
        self._state, self._position = self._compiled.beginning
        return _own(self._state)

    def step(self, command: str) -> State:
        """Do what a command says; any command that is not admissible changes nothing."""
        command = command.strip()
        if command in self._state.admissible_commands:
            self._state, self._position = self._compiled.step(self._position, command)
        else:
            self._state = replace(self._state, observation=NOTHING)
        return _own(self._state)

    def facts(self) -> frozenset[tuple[str, ...]]:
        """Return everything that is true now, as `(predicate, id, …)` in lower case."""
        return self._compiled.facts(self._position)


@lru_cache(maxsize=KEPT)
def _compile(domain: str, problem: str, grammar: str) -> CompiledGame:
    return CompiledGame(Game(domain, problem, grammar))


def _own(state: State) -> State:
    return replace(state, admissible_commands=state.admissible_commands.copy())
