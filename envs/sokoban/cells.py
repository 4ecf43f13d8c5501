"""Sets of cells as the bits of an integer: a whole region moves or grows in one operation.

Only for cells that do not touch the edge of the picture, so that no shift wraps around.
"""


def shifted(cells: int, offset: int) -> int:
    """Return the cells, each moved by `offset`."""
    return cells << offset if offset > 0 else cells >> -offset


def neighbours(cells: int, stride: int) -> int:
    """Return the cells beside any of `cells`, rows being `stride` apart."""
    return cells << 1 | cells >> 1 | cells << stride | cells >> stride


def flooded(cells: int, free: int, stride: int) -> int:
    """Return `cells` and everything a walk over `free` reaches from them."""
    reached, grown = 0, cells
    while grown != reached:
        reached = grown
        grown |= neighbours(grown, stride) & free
    return reached


def indices(cells: int) -> list[int]:
    """Return the index of every cell, ascending."""
    found = []
    while cells:
        lowest = cells & -cells
        found.append(lowest.bit_length() - 1)
        cells ^= lowest
    return found
