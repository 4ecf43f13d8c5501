"""`arlarena/Sokoban-v0`."""

import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from gymnasium.error import ResetNeeded

from arlarena_bench.errors import ArenaError
from arlarena_bench.panel import Panel
from arlarena_bench.text_env import TextEnv

from . import panels
from .board import DIRECTIONS, STEP, Board
from .boxoban import Boxoban
from .generator import Generator
from .render import picture
from .solver import solve

# In its shortest form, so that a task has one id.
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")

_INSTRUCTION = """\
Push every box onto a target. The room is drawn with one symbol a cell: # is a wall, _ is floor, \
O is a target, X is a box, √ is a box on a target, P is you, S is you standing on a target. Each \
action moves you one cell. Walking into a box pushes it one cell further, if that cell is neither \
a wall nor a box; a box cannot be pulled."""


class SokobanEnv(TextEnv):
    """Push every box onto a target, seeing the room as text: ARLArena's 6x6 setting by default.

    Tasks: `"train/<n>"` for any integer n, generated from it and never a level of a panel;
    `"validation/0000"` to `"validation/0511"` and `"test/..."`, frozen; with `levels`, only
    `"boxoban/<file>/<n>"`.

    Args:
        size: Rows and columns of the room, outer walls included; one number for a square.
        boxes: Number of boxes.
        search_depth: How many pulls deep the generator plays backwards.
        horizon: Turns after which an episode is truncated.
        min_moves: Fewest moves of a task's shortest solution.
        max_moves: Most moves of a task's shortest solution, or None for no bound.
        levels: A file or folder of Boxoban levels that replaces generated ones; `size`, `boxes`
            and `search_depth` then have no meaning.
        render_mode: `"ansi"`, `"rgb_array"` or None.

    Raises:
        ArenaError: For a setting out of range, a room too small, or missing levels.
    """

    metadata = {**TextEnv.metadata, "render_modes": ["ansi", "rgb_array"]}  # noqa: RUF012, as there

    def __init__(
        self,
        size: int | Sequence[int] = 6,
        boxes: int = 1,
        search_depth: int = 30,
        horizon: int = 15,
        min_moves: int = 1,
        max_moves: int | None = None,
        levels: str | Path | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(horizon=horizon, render_mode=render_mode)
        rows, columns = _rows_and_columns(size)
        self.generator = Generator(rows, columns, boxes, search_depth, min_moves, max_moves)
        self.levels = Boxoban(levels) if levels is not None else None
        if levels is not None and (min_moves, max_moves) != (1, None):
            raise ArenaError("min_moves and max_moves choose among generated levels; drop levels=")
        self._board: Board | None = None
        self._plan: list[str] | None = None

    @property
    def board(self) -> Board:
        """The room as it is now.

        Raises:
            ResetNeeded: Before the first reset.
        """
        if self._board is None:
            raise ResetNeeded("call reset() first")
        return self._board

    def load(self, task_id: str) -> None:
        """Begin a task.

        Raises:
            ArenaError: If there is no such task under the parameters of this environment.
        """
        source, _, name = task_id.partition("/")
        if self.levels is not None:
            if source != "boxoban":
                raise ArenaError(f"no task {task_id!r}: with levels=, ids are boxoban/<file>/<n>")
            self._board, self._plan = self.levels.board(name), None
        elif source == "train" and _INTEGER.fullmatch(name):
            kind = panels.kind_of(self.generator)
            rng = panels.stream(kind, "train", name)
            level = self.generator.level(rng, panels.held_out(kind))
            self._board, self._plan = Board(level.text), list(level.solution)
        elif source in panels.SPLITS and name in (levels := self._frozen(source)):
            self._board, self._plan = Board(levels[name].text), None
        else:
            raise ArenaError(
                f"no task {task_id!r}: Sokoban has train/<integer>, validation/0000 to 0511 and "
                "test/0000 to 0511, these within min_moves and max_moves"
            )

    def observe(self) -> str:
        """Return the room, one line a row."""
        return str(self.board)

    def act(self, command: str) -> float:
        """Move; anything but a direction changes nothing and costs a step."""
        direction = command.casefold()
        if direction not in DIRECTIONS:
            return STEP
        board = self.board
        stood = board.player
        reward = board.move(direction)
        if board.player != stood:
            plan = self._plan
            self._plan = plan[1:] if plan and plan[0] == direction else None
        return reward

    @property
    def instruction(self) -> str:
        """The goal and the meaning of the symbols."""
        return _INSTRUCTION

    @property
    def success(self) -> bool:
        """Whether every box stands on a target."""
        return self.board.solved

    def admissible_actions(self) -> list[str]:
        """Return the four directions, whether blocked or not."""
        return list(DIRECTIONS)

    def oracle(self) -> list[str]:
        """Return a shortest solution from here; empty if there is none or it is out of reach."""
        if self._plan is None:
            try:
                self._plan = solve(self.board) or []
            except ArenaError:
                self._plan = []
        return list(self._plan)

    def panel(self, split: str) -> Panel:
        """Return the frozen levels of a split within the range of moves, or Boxoban's own split.

        Raises:
            ArenaError: If there is none for these parameters.
        """
        if self.levels is not None:
            return self.levels.panel(split)
        levels = self._frozen(split)
        shortest, longest = self.generator.min_moves, self.generator.max_moves
        name = f"sokoban-{panels.kind_of(self.generator)}"
        if (shortest, longest) != (1, None):
            name += f"-{shortest}to{longest or 'any'}moves"
        if not levels:
            raise ArenaError(f"the panel {name}/{split} is empty; widen min_moves and max_moves")
        ids = tuple(f"{split}/{number}" for number in levels)
        return Panel(f"{name}/{split}", split, ids, panels.digest(levels.values()))

    def sample_task(self, rng: Random) -> str:
        """Draw a training task: one of 2^62 generated levels, or a Boxoban level."""
        if self.levels is None:
            return f"train/{rng.getrandbits(62)}"
        return self.levels.draw(rng)

    def render(self) -> Any:
        """Return the text, or a picture as (height, width, 3) bytes, by the render mode."""
        return picture(self.board) if self.render_mode == "rgb_array" else super().render()

    def _frozen(self, split: str) -> dict[str, panels.FrozenLevel]:
        levels = panels.frozen(panels.kind_of(self.generator), split)
        shortest, longest = self.generator.min_moves, self.generator.max_moves
        return {
            number: level
            for number, level in levels.items()
            if shortest <= level.moves <= (longest or level.moves)
        }


def _rows_and_columns(size: int | Sequence[int]) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if not isinstance(size, Sequence) or isinstance(size, str) or len(size) != 2:
        raise ArenaError(f"size is a number or a pair (rows, columns), got {size!r}")
    return size[0], size[1]
