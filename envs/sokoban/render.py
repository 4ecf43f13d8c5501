"""Pictures of a board."""

import numpy as np
from numpy.typing import NDArray

from .board import Board

TILE = 32  # pixels

_WALL, _MORTAR = (126, 94, 78), (88, 66, 56)
_FLOOR, _GRID = (238, 232, 218), (224, 216, 200)
_TARGET = (206, 72, 64)
_BOX, _BOX_ON_TARGET, _PLANK = (196, 142, 70), (104, 158, 84), (70, 48, 26)
_PLAYER = (52, 96, 168)

Pixels = NDArray[np.uint8]


def picture(board: Board) -> Pixels:
    """Draw the board.

    Returns:
        RGB bytes, (rows * TILE, columns * TILE, 3).
    """
    rows = str(board).split("\n")
    return np.concatenate([np.concatenate([_TILES[s] for s in row], axis=1) for row in rows])


def _draw(symbol: str) -> Pixels:
    y, x = np.mgrid[:TILE, :TILE]
    from_centre = np.hypot(y - (TILE - 1) / 2, x - (TILE - 1) / 2)
    tile = np.empty((TILE, TILE, 3), np.uint8)
    if symbol == "#":
        # Bricks: mortar every 8 rows, and upright joints that alternate between courses.
        joint = (x + 8 * (y // 8 % 2)) % 16 == 0
        tile[:] = _WALL
        tile[(y % 8 == 0) | joint] = _MORTAR
        return tile
    tile[:] = _FLOOR
    tile[(y == 0) | (x == 0)] = _GRID
    if symbol in "O√S":
        tile[(from_centre > 10) & (from_centre < 13)] = _TARGET
    if symbol == "O":
        tile[from_centre < 4] = _TARGET
    if symbol in "X√":
        inside = (abs(y - 15.5) < 11) & (abs(x - 15.5) < 11)
        rim = (abs(y - 15.5) > 8) | (abs(x - 15.5) > 8)
        braces = (abs(y - x) < 2) | (abs(y + x - TILE + 1) < 2)
        tile[inside] = _BOX if symbol == "X" else _BOX_ON_TARGET
        tile[inside & (rim | braces)] = _PLANK
    if symbol in "PS":
        head = np.hypot(y - 10, x - 15.5) < 5
        body = np.hypot((y - 25) / 1.3, x - 15.5) < 8
        tile[head | body & (y < 27)] = _PLAYER
    return tile


_TILES = {symbol: _draw(symbol) for symbol in "#_O√XPS"}
