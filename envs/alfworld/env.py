"""`arlarena/ALFWorld-v0` and `arlarena/ALFWorldMini-v0`."""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gymnasium.error import ResetNeeded

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.text_env import TextEnv

from . import BACKENDS, PlayedGame, build_game, load_game, panels
from .catalogue import generate
from .compact import describe
from .engine import State
from .goals import Goal
from .official import OfficialGames
from .player import Player
from .world import World

REWARD = 10.0
HORIZONS = {"full": 50, "mini": 20}
OBSERVATIONS = ("text", "compact")
PUT = {"move": "move {} to {}", "put": "put {} in/on {}"}

_TASK = "Your task is to: "


class AlfworldEnv(TextEnv):
    """Household chores in text: find an object, treat it, put it where it belongs.

    Tasks: `"train/<n>"` for any integer n, generated from it and never one of a panel;
    `"validation/0000"` … in rooms that are trained in, and `"test/0000"` … in rooms that are not,
    both frozen. With `data`, `"<split>/<task>/<trial>"` instead.

    Args:
        size: `"full"` for rooms like ALFWorld's, `"mini"` for four to eight receptacles.
        horizon: Turns after which an episode is truncated; 50, or 20 for `"mini"`.
        observation: `"text"` for ALFWorld's own, `"compact"` for three short lines that say all
            that must be known (only with `size="mini"`).
        verb: `"move"` for `move apple 1 to shelf 1`, `"put"` for the older `put apple 1 in/on
            shelf 1`.
        backend: `"native"` for the engine of this package, `"textworld"` for the original.
        data: Folder of ALFWorld's own games, such as `"$ALFWORLD_DATA"`; replaces generated ones.
        render_mode: `"ansi"` or None.

    Raises:
        ArenaError: For an unknown setting, or if there are no games at `data`.
    """

    demonstrator_class = Player

    def __init__(
        self,
        size: str = "full",
        horizon: int | None = None,
        observation: str = "text",
        verb: str = "move",
        backend: str = "native",
        data: str | Path | None = None,
        render_mode: str | None = None,
    ) -> None:
        if size not in panels.SIZES:
            raise unknown("size of household", size, panels.SIZES)
        if observation not in OBSERVATIONS:
            raise unknown("kind of observation", observation, OBSERVATIONS)
        if observation == "compact" and (size != "mini" or data is not None):
            raise ArenaError("observation='compact' is made for the household of size='mini'")
        if verb not in PUT:
            raise unknown("verb", verb, PUT)
        if backend not in BACKENDS:
            raise unknown("backend", backend, BACKENDS)
        horizon = HORIZONS[size] if horizon is None else horizon
        self.games = OfficialGames(data) if data is not None else None
        tasks = panels.households(size) if self.games is None else self.games
        super().__init__(tasks=tasks, horizon=horizon, render_mode=render_mode)
        self.size = size
        self.observation = observation
        self.verb = verb
        self.backend = backend
        self._game: PlayedGame | None = None
        self._make: Callable[[], PlayedGame] | None = None
        self._commands: list[str] = []
        self._state = State("", [], False)
        self.goal = Goal("", "", "")
        self._instruction = ""
        self._start = World({})
        self._world: World | None = None

    @property
    def game(self) -> PlayedGame:
        """The game that is played.

        Raises:
            ResetNeeded: Before the first reset.
        """
        if self._game is None:
            raise ResetNeeded("call reset() first")
        return self._game

    @property
    def put(self) -> str:
        """The command that puts something somewhere, with places for both."""
        return PUT[self.verb]

    @property
    def world(self) -> World:
        """What is true in the game now, whether the player has seen it or not."""
        if self._world is None:
            self._world = self._start.now(self.game.facts())
        return self._world

    def load(self, task_id: str) -> None:
        """Begin a task.

        Raises:
            ArenaError: If there is no such task under the parameters of this environment.
        """
        if self.games is None:
            data = generate(task_id, self.size)
            self._make = partial(build_game, data, self.backend, verb=self.verb)
        else:
            self._make = partial(load_game, self.games.file(task_id), self.backend, verb=self.verb)
        self._game = self._make()
        self._commands = []
        self._state = self._game.reset()
        self.goal = Goal.read(self._game.goal)
        self._instruction = self._state.observation.rpartition(_TASK)[2]
        self._world = self._start = World.read(self._game.facts(), self._game.names)

    def observe(self) -> str:
        """Return what the game said last, or the compact description of what is seen."""
        if self.observation == "compact":
            return describe(self.world)
        return self._state.observation

    def act(self, command: str) -> float:
        """Execute a command; one that is not admissible does nothing. Winning gives 10."""
        won = self._state.won
        self._state = self.game.step(command)
        self._commands.append(command)
        self._world = None
        return REWARD if self._state.won and not won else 0.0

    @property
    def instruction(self) -> str:
        """The goal, as the game puts it."""
        if self.observation == "compact":
            return self.goal.wordings()[0]
        return self._instruction

    @property
    def success(self) -> bool:
        """Whether the game is won."""
        return self._state.won

    @property
    def category(self) -> str:
        """Which of the six types of task this is."""
        return self.goal.short_name

    def anchor(self) -> str:
        """Return a digest of the whole state, of which the observation tells little."""
        return hashlib.sha256(self.world.key().encode()).hexdigest()[:16]

    def admissible_actions(self) -> list[str]:
        """Return the commands that do something, without `help`."""
        return [command for command in self._state.admissible_commands if command != "help"]

    def is_valid(self, command: str) -> bool:
        """Return whether a command is admissible; letter case counts, as in the game."""
        return command.strip() in self.admissible_actions()

    def __getstate__(self) -> dict[str, Any]:
        # A game is compiled to functions that share its facts: a copy plays it again.
        return {**self.__dict__, "_game": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._make is not None:
            self._game = self._make()
            self._game.reset()
            for command in self._commands:
                self._game.step(command)
