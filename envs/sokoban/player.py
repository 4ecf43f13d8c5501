"""Who solves levels for hints and demonstrations."""

from typing import TYPE_CHECKING

from arlarena_bench.demonstrator import Demonstrator
from arlarena_bench.errors import ArenaError

from .board import Board
from .solver import solve

if TYPE_CHECKING:
    from .env import SokobanEnv


class Player(Demonstrator):
    """Follows a shortest solution, which is kept while it is followed."""

    env: "SokobanEnv"
    _plan: list[str] | None = None
    _stood = -1

    def begin(self) -> None:
        """Take over the solution that a generated level comes with."""
        solution = self.env.solution if self.env.turns == 0 else None
        self._plan = None if solution is None else list(solution)
        self._stood = self.env.board.player

    def see(self, command: str) -> None:
        """Strike a step off the plan, or drop the plan when another one was taken."""
        player = self.env.board.player
        if player == self._stood:
            return
        self._stood = player
        followed = self._plan and self._plan[0] == command.casefold()
        self._plan = self._plan[1:] if self._plan and followed else None

    def oracle(self) -> list[str]:
        """Return a shortest solution from here; empty if there is none or it is out of reach."""
        if self._plan is None:
            try:
                self._plan = solve(self.env.board) or []
            except ArenaError:
                self._plan = []
        return list(self._plan)

    def habit(self) -> list[str]:
        """Walk clockwise around the middle of the room, whatever stands in the way."""
        board = self.env.board.copy()
        first = _clockwise(board)
        board.move(first)
        return [first, _clockwise(board)]


def _clockwise(board: Board) -> str:
    """Return the direction that leads around the middle, a fixed function of the place."""
    rows = (len(board.cells) + 1) // board.stride
    row, column = divmod(board.player, board.stride)
    # From the middle, in half cells.
    down, right = 2 * row - rows + 1, 2 * column - board.stride + 2
    if down <= right < -down:
        return "right"
    if -right <= down < right:
        return "down"
    return "left" if -down < right <= down else "up"
