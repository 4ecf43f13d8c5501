"""The game: one room, its boxes, and a player who pushes them."""

from collections.abc import Iterable

from arlarena_bench.errors import ArenaError, unknown

SYMBOLS = {
    "#": "wall",
    "_": "floor",
    "O": "target",
    "√": "box on target",
    "X": "box",
    "P": "player",
    "S": "player on target",
}
DIRECTIONS = ("up", "down", "left", "right")

# The amounts of gym-sokoban, which the paper's environment wraps.
STEP, BOX_ON_TARGET, BOX_OFF_TARGET, SOLVED = -0.1, 1.0, -1.0, 10.0
_REWARD = {0: STEP, 1: STEP + BOX_ON_TARGET, -1: STEP + BOX_OFF_TARGET}

_ENTERED = {"_": "P", "X": "P", "O": "S", "√": "S"}
_LEFT = {"P": "_", "S": "O"}
_PUSHED_ONTO = {"_": "X", "O": "√"}


class Board:
    """A Sokoban room in text, and the moves that change it.

    Rows are joined by newlines; `#` wall, `_` floor, `O` target, `X` box, `√` box on target, `P`
    player, `S` player on target.

    Args:
        text: The room. Newlines before and after it are ignored.

    Attributes:
        cells: Every character of the text, newlines included; cell (row, column) is at
            `row * stride + column`.
        stride: Distance in `cells` between two rows.
        player: Index of the player in `cells`.
        boxes_off: How many boxes are not on a target.

    Raises:
        ArenaError: If the rows differ in length, a symbol is unknown, there is not exactly one
            player, there is no box, boxes and targets differ in number, or the player could walk
            out of the picture.
    """

    __slots__ = ("_offsets", "boxes_off", "cells", "player", "stride")

    def __init__(self, text: str) -> None:
        text = text.strip("\n")
        rows = text.split("\n")
        for number, row in enumerate(rows, start=1):
            if len(row) != len(rows[0]):
                raise ArenaError(
                    f"row {number} of the board has {len(row)} cells and row 1 has "
                    f"{len(rows[0])}; make all rows equally long"
                )
            for symbol in row:
                if symbol not in SYMBOLS:
                    raise ArenaError(
                        f"row {number} of the board has the unknown symbol {symbol!r}; "
                        f"use only {' '.join(SYMBOLS)}"
                    )
        players = text.count("P") + text.count("S")
        if players != 1:
            raise ArenaError(f"a board has exactly one player (P or S), this one has {players}")
        boxes = text.count("X") + text.count("√")
        targets = text.count("O") + text.count("√") + text.count("S")
        if boxes == 0:
            raise ArenaError("the board has no box (X or √)")
        if boxes != targets:
            raise ArenaError(f"the board has {boxes} boxes and {targets} targets; make them equal")

        self.cells = list(text)
        self.stride = len(rows[0]) + 1
        self.player = max(text.find("P"), text.find("S"))
        self.boxes_off = text.count("X")
        self._offsets = {"up": -self.stride, "down": self.stride, "left": -1, "right": 1}
        self._require_enclosure()

    def _require_enclosure(self) -> None:
        last_row = len(self.cells) - self.stride + 1
        reached, frontier = {self.player}, [self.player]
        while frontier:
            cell = frontier.pop()
            row, column = divmod(cell, self.stride)
            if cell < self.stride or cell >= last_row or column in (0, self.stride - 2):
                raise ArenaError(
                    f"the board is not enclosed by walls: the player can get to row {row + 1}, "
                    f"column {column + 1}, at its edge"
                )
            for offset in self._offsets.values():
                if cell + offset not in reached and self.cells[cell + offset] != "#":
                    reached.add(cell + offset)
                    frontier.append(cell + offset)

    def move(self, direction: str) -> float:
        """Move the player one cell, pushing the box that stands there if it can be pushed.

        Args:
            direction: `"up"`, `"down"`, `"left"` or `"right"`, in any letter case.

        Returns:
            The reward of gym-sokoban: -0.1, +1 if a box came to stand on a target, -1 if one
            left it, +10 if every box now stands on one. A blocked move costs -0.1 as well.

        Raises:
            ArenaError: If the direction is none of the four.
        """
        offset = self._offsets.get(direction) or self._offsets.get(direction.casefold())
        if offset is None:
            raise unknown("direction", direction, DIRECTIONS)
        cells, here = self.cells, self.player
        there = here + offset
        content = cells[there]
        change = 0
        if content != "#":
            pushes = content in "X√"
            pushed = _PUSHED_ONTO.get(cells[there + offset]) if pushes else None
            if pushed or not pushes:
                if pushed:
                    cells[there + offset] = pushed
                    change = (pushed == "√") - (content == "√")
                    self.boxes_off -= change
                cells[there] = _ENTERED[content]
                cells[here] = _LEFT[cells[here]]
                self.player = there
        return _REWARD[change] if self.boxes_off else _REWARD[change] + SOLVED

    @property
    def solved(self) -> bool:
        """Whether every box stands on a target."""
        return self.boxes_off == 0

    def copy(self) -> "Board":
        """Return an independent board in the same state."""
        board = object.__new__(Board)
        board.cells = self.cells.copy()
        board.stride, board.player = self.stride, self.player
        board.boxes_off, board._offsets = self.boxes_off, self._offsets
        return board

    def mask(self, symbols: Iterable[str]) -> int:
        """Return the cells that show one of `symbols`, as the set bits of an integer."""
        return sum(1 << cell for cell, symbol in enumerate(self.cells) if symbol in symbols)

    def __str__(self) -> str:
        return "".join(self.cells)

    def __repr__(self) -> str:
        return f"Board({str(self)!r})"


def symmetries(text: str) -> list[str]:
    """Return a board's text in its 8 rotations and reflections."""
    rows = text.split("\n")
    images = []
    for _ in range(4):
        rows = ["".join(column) for column in zip(*reversed(rows), strict=True)]
        images += ["\n".join(rows), "\n".join(reversed(rows))]
    return images


def canonical(text: str) -> str:
    """Return the same text for a board and its rotations and reflections."""
    return min(symmetries(text))
