"""ALFWorld: the engine and its games; the environment is in `env`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from arlarena_bench.errors import ArenaError, unknown

from .engine import Game, State
from .engine.sexpr import Tree
from .game_file import check_game, read_game, reworded
from .shared import SharedGame
from .textworld_backend import TextworldGame

__all__ = ["Game", "PlayedGame", "State", "TextworldGame", "build_game", "load_game"]


class PlayedGame(Protocol):
    """What a backend offers: a game that is reset and stepped."""

    @property
    def goal(self) -> Tree:
        """The goal, as nested lists of PDDL's words."""

    @property
    def names(self) -> Mapping[str, str]:
        """Id → the name commands and observations use."""

    def reset(self) -> State:
        """Go back to the beginning."""

    def step(self, command: str) -> State:
        """Do what a command says."""

    def facts(self) -> frozenset[tuple[str, ...]]:
        """Return everything that is true now, as `(predicate, id, …)` in lower case."""


BACKENDS: dict[str, Callable[[Mapping[str, Any]], PlayedGame]] = {
    "native": SharedGame.from_data,
    "textworld": TextworldGame,
}


def load_game(path: str | Path, backend: str = "native", *, verb: str | None = None) -> PlayedGame:
    """Load a game file (`game.tw-pddl`), or the one in a directory.

    Args:
        path: The file or directory.
        backend: `native`, or `textworld` for the original engine.
        verb: How objects are put down: `move` (`move X to Y`, as alfworld says since 0.4) or
            `put` (`put X in/on Y`, as before). None leaves it as the file has it.

    Returns:
        A game whose `reset()` and `step(command)` return a `State`: `observation`,
        `admissible_commands`, `won`.

    Raises:
        ArenaError: If the file is not a whole game that can be won, or the backend is not there.
    """
    data = read_game(path)
    try:
        return build_game(data, backend, verb=verb)
    except ArenaError as error:
        raise ArenaError(f"{path}: {error}") from error


def build_game(
    data: Mapping[str, Any], backend: str = "native", *, verb: str | None = None
) -> PlayedGame:
    """Build a game from the object in a game file; see `load_game`."""
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    check_game(data)
    return BACKENDS[backend](data if verb is None else reworded(data, verb))
