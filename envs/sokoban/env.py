"""`arlarena/Sokoban-v0`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gymnasium.error import ResetNeeded

from arlarena_bench.errors import ArenaError
from arlarena_bench.scene import Scene, SceneGrid
from arlarena_bench.text_env import TextEnv

from . import panels
from .board import DIRECTIONS, STEP, Board
from .boxoban import Boxoban
from .generator import Generator
from .player import Player
from .render import picture

_DRAWN = {
    "#": "wall",
    "_": "floor",
    "O": "floor target",
    "X": "floor box",
    "√": "floor target box",
    "P": "floor agent",
    "S": "floor target agent",
}
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
            and `search_depth` then have no meaning. A level that is solved as it stands or has
            no solution is refused.
        render_mode: `"ansi"`, `"rgb_array"` or None.

    Raises:
        ArenaError: For a setting out of range, a room too small, or missing levels.
    """

    metadata = {**TextEnv.metadata, "render_modes": ["ansi", "rgb_array"]}  # noqa: RUF012, as there
    demonstrator_class = Player

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
        rows, columns = _rows_and_columns(size)
        generator = Generator(rows, columns, boxes, search_depth, min_moves, max_moves)
        if levels is not None and (min_moves, max_moves) != (1, None):
            raise ArenaError("min_moves and max_moves choose among generated levels; drop levels=")
        self.source = panels.levels(generator) if levels is None else Boxoban(levels)
        super().__init__(tasks=self.source, horizon=horizon, render_mode=render_mode)
        self.solution: tuple[str, ...] | None = None
        self._board: Board | None = None

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
        self.solution = None
        if isinstance(self.source, Boxoban):
            self._board = self.source.board(task_id)
        elif (level := self.source.level(task_id)) is not None:
            self._board, self.solution = Board(level.text), tuple(level.solution)
        else:
            self._board = Board(self.source.find(task_id).text)

    def observe(self) -> str:
        """Return the room, one line a row."""
        return str(self.board)

    def scene(self) -> Scene:
        """Return the room as a board."""
        rows = str(self.board).split("\n")
        return (SceneGrid(tuple(tuple(_DRAWN[symbol] for symbol in row) for row in rows)),)

    def act(self, command: str) -> float:
        """Move; anything but a direction changes nothing and costs a step."""
        direction = command.casefold()
        if direction not in DIRECTIONS:
            return STEP
        return self.board.move(direction)

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

    def render(self) -> Any:
        """Return the text, or a picture as (height, width, 3) bytes, by the render mode."""
        return picture(self.board) if self.render_mode == "rgb_array" else super().render()


def _rows_and_columns(size: int | Sequence[int]) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if not isinstance(size, Sequence) or isinstance(size, str) or len(size) != 2:
        raise ArenaError(f"size is a number or a pair (rows, columns), got {size!r}")
    return size[0], size[1]
