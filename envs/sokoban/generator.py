"""Random levels by reverse play, each certified by the solver."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import TypeVar

from arlarena_bench.errors import ArenaError

from .board import Board
from .cells import flooded, indices
from .solver import solve

CHANGE_DIRECTION = 0.35  # probability per step of the walk that carves the room
STEPS_PER_SIDE = 1.7  # steps of that walk for each row and each column
STATE_LIMIT = 2_000  # of one reverse play; rooms of 6x6 have fewer
SOLVER_LIMIT = 20_000  # positions; a level harder to certify is drawn again
# What one level may cost before its kind counts as impossible.
ROOM_LIMIT = 5_000
UNCERTIFIED_LIMIT = 50


T = TypeVar("T")


# Of Python's generator, only random() promises the same numbers in every version of Python.
def _pick(items: Sequence[T], rng: Random) -> T:
    return items[int(rng.random() * len(items))]


def _shuffled(items: Sequence[T], rng: Random) -> list[T]:
    return sorted(items, key=lambda _: rng.random())


@dataclass(frozen=True)
class Level:
    """A level and a shortest solution of it.

    Attributes:
        text: The board.
        solution: Directions, as few as possible.
    """

    text: str
    solution: tuple[str, ...]


@dataclass(frozen=True)
class Generator:
    """Makes levels of one kind in gym-sokoban's way: carve a room, then play backwards.

    A random walk with a random brush carves the room. From boxes on targets, boxes are pulled,
    depth first in random order. Every position with no box on a target has a score: how often
    the player turned to another box, times how far the boxes are from where they began. The
    level is one of these positions, drawn with probability proportional to its score.
    (gym-sokoban takes the first of the best, which for one box repeats levels more often.)

    Args:
        rows: Rows of the room, outer walls included.
        columns: Columns of the room, outer walls included.
        boxes: Number of boxes.
        search_depth: How many pulls deep the reverse play goes.
        min_moves: Fewest moves of a shortest solution.
        max_moves: Most moves of a shortest solution, or None for no bound.

    Raises:
        ArenaError: If the room is too small for the boxes or a setting is out of range.
    """

    rows: int
    columns: int
    boxes: int
    search_depth: int = 30
    min_moves: int = 1
    max_moves: int | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name == "max_moves" and value is None:
                continue
            if type(value) is not int or value < 1:
                raise ArenaError(f"{name} must be a whole number of at least 1, got {value!r}")
        if self.max_moves is not None and self.max_moves < self.min_moves:
            raise ArenaError(f"max_moves ({self.max_moves}) is below min_moves ({self.min_moves})")
        height, width = self.rows - 2, self.columns - 2
        # A pull needs three cells in line, and all boxes leave all targets.
        if min(height, width) < 1 or max(height, width) < 3 or height * width <= 2 * self.boxes:
            raise ArenaError(
                f"a room of {self.rows}x{self.columns}, outer walls included, is too small for "
                f"{self.boxes} box{'es' if self.boxes > 1 else ''}; enlarge the room"
            )

    @property
    def stride(self) -> int:
        """Distance between two rows in the text of a board."""
        return self.columns + 1

    def level(self, rng: Random, excluded: frozenset[str] = frozenset()) -> Level:
        """Draw the next level.

        Args:
            rng: Source of all randomness; a retry goes on with it.
            excluded: Boards, as text, that are never returned.

        Raises:
            ArenaError: If none of the first `ROOM_LIMIT` rooms gives such a level, or
                `UNCERTIFIED_LIMIT` of them are too hard for the solver.
        """
        uncertified = 0
        for _ in range(ROOM_LIMIT):
            floor = self._carve(rng)
            if len(floor) <= 2 * self.boxes:
                continue
            player, *targets = _shuffled(floor, rng)[: self.boxes + 1]
            position = self._play_backwards(rng, floor, targets, player)
            if position is None:
                continue
            text = self._text(floor, targets, *position)
            if text in excluded:
                continue
            board = Board(text)
            try:
                solution = solve(board, SOLVER_LIMIT)
            except ArenaError as error:
                uncertified += 1
                if uncertified == UNCERTIFIED_LIMIT:
                    raise ArenaError(
                        f"levels of {self.rows}x{self.columns} with {self.boxes} boxes are too "
                        "hard to certify; take fewer boxes or a smaller room"
                    ) from error
                continue
            if solution and self.min_moves <= len(solution) <= (self.max_moves or len(solution)):
                return Level(text, tuple(solution))
        raise ArenaError(
            f"none of {ROOM_LIMIT} rooms of {self.rows}x{self.columns} gave a level of "
            f"{self.boxes} boxes solved in {self.min_moves} to {self.max_moves or 'any'} moves; "
            "change the room, the boxes or the range of moves"
        )

    def _carve(self, rng: Random) -> list[int]:
        """Return the floor cells of a new room, ascending."""
        steps = (-self.stride, self.stride, -1, 1)
        brushes = [(a, b) for a in steps for b in steps if a < b]
        inside = [
            row * self.stride + column
            for row in range(1, self.rows - 1)
            for column in range(1, self.columns - 1)
        ]
        may_walk = set(inside)
        cell, step = _pick(inside, rng), _pick(steps, rng)
        floor = {cell}
        for _ in range(int(STEPS_PER_SIDE * (self.rows + self.columns))):
            if rng.random() < CHANGE_DIRECTION:
                step = _pick(steps, rng)
            if cell + step in may_walk:
                cell += step
            first, second = _pick(brushes, rng)
            floor.update((cell, cell + first, cell + second))
        return sorted(floor & may_walk)

    def _play_backwards(
        self, rng: Random, floor: list[int], targets: list[int], player: int
    ) -> tuple[tuple[int, ...], int] | None:
        """Pull the boxes off their targets; return where they and the player stand in the end."""
        steps = (-self.stride, self.stride, -1, 1)
        room = sum(1 << cell for cell in floor)
        home = sum(1 << cell for cell in targets)
        chosen: tuple[tuple[int, ...], int] | None = None
        highest = 0.0
        seen: set[tuple[int, int]] = set()
        stack = [(tuple(targets), player, 0, -1, 0)]
        while stack and len(seen) < STATE_LIMIT:
            boxes, player, depth, last, switches = stack.pop()
            occupied = sum(1 << box for box in boxes)
            region = flooded(1 << player, room & ~occupied, self.stride)
            if (occupied, region) in seen:
                continue
            seen.add((occupied, region))
            if not occupied & home:
                # The highest of u^(1/score) is a draw with probability proportional to score.
                key = rng.random() ** (1 / (switches * self._displacement(boxes, targets)))
                if key > highest:
                    chosen, highest = (boxes, region), key
            if depth == self.search_depth:
                continue
            pulls = [
                (which, step)
                for which, box in enumerate(boxes)
                for step in steps
                if region >> (box + step) & 1 and region >> (box + 2 * step) & 1
            ]
            for which, step in _shuffled(pulls, rng):
                box = boxes[which]
                moved = (*boxes[:which], box + step, *boxes[which + 1 :])
                stack.append((moved, box + 2 * step, depth + 1, which, switches + (which != last)))
        if chosen is None:
            return None
        boxes, region = chosen
        return boxes, _pick(indices(region), rng)

    def _displacement(self, boxes: tuple[int, ...], targets: list[int]) -> int:
        """Return the sum over the boxes of the walking distance to where each began."""
        total = 0
        for box, target in zip(boxes, targets, strict=True):
            (row, column), (row_0, column_0) = divmod(box, self.stride), divmod(target, self.stride)
            total += abs(row - row_0) + abs(column - column_0)
        return total

    def _text(
        self, floor: list[int], targets: list[int], boxes: tuple[int, ...], player: int
    ) -> str:
        cells = list("\n".join(["#" * self.columns] * self.rows))
        for symbol, where in (("_", floor), ("O", targets), ("X", boxes)):
            for cell in where:
                cells[cell] = symbol
        cells[player] = "S" if player in targets else "P"
        return "".join(cells)
