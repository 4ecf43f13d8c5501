"""Optimal solutions, in moves."""

from heapq import heappop, heappush

from arlarena_bench.errors import ArenaError

from .board import DIRECTIONS, Board
from .cells import flooded, indices, neighbours, shifted

POSITION_LIMIT = 1_000_000

# The boxes as bits, and the cell of the player.
Position = tuple[int, int]


def solve(board: Board, position_limit: int = POSITION_LIMIT) -> list[str] | None:
    """Find a shortest sequence of moves that solves the board.

    A* over the positions just after a push. What lies between two pushes is a walk, measured by
    flooding the free cells; a box is taken to be at least as many moves from the end as the
    pushes that would bring it, alone in the room, to its nearest target.

    Args:
        board: The board to solve; it is left as it is.
        position_limit: How many positions to examine before giving up.

    Returns:
        Directions, as few as possible (none for a solved board), or None where no sequence of
        moves solves the board.

    Raises:
        ArenaError: If the limit is reached before the search ends.
    """
    offsets = (-board.stride, board.stride, -1, 1)
    floor = flooded(1 << board.player, board.mask("_OX√PS"), board.stride)
    boxes, targets = board.mask("X√"), board.mask("O√S")
    # What the player can never reach stays as it is.
    if boxes & ~floor != targets & ~floor:
        return None
    boxes, targets = boxes & floor, targets & floor
    pushes_left = _pushes_left(floor, targets, offsets)
    alive = sum(1 << cell for cell in pushes_left)
    if boxes & ~alive:
        return None

    start = (boxes, board.player)
    best = {start: 0}
    came_from: dict[Position, tuple[Position, int]] = {}
    estimate = sum(pushes_left[box] for box in indices(boxes))
    queue = [(estimate, estimate, start)]
    examined = 0
    while queue:
        total, estimate, position = heappop(queue)
        moves = total - estimate
        if moves > best[position]:
            continue
        boxes, player = position
        if boxes == targets:
            return _directions(start, position, came_from, floor, offsets)
        examined += 1
        if examined > position_limit:
            raise ArenaError(
                f"the solver gave up after {position_limit} positions; raise position_limit or "
                "take a smaller board"
            )
        free = floor & ~boxes
        stands = []  # for each offset, where the player can push a box along it
        wanted = 0
        for offset in offsets:
            pushable = boxes & shifted(alive & ~boxes, -offset)
            stand = shifted(pushable, -offset) & free
            stands.append((offset, stand))
            wanted |= stand
        layer = reached = 1 << player
        while layer and wanted:
            moves += 1
            if layer & wanted:
                wanted &= ~layer
                for offset, stand in stands:
                    for cell in indices(layer & stand):
                        box = cell + offset
                        after = (boxes ^ (1 << box) ^ (1 << (box + offset)), box)
                        if moves < best.get(after, moves + 1):
                            best[after] = moves
                            came_from[after] = (position, offset)
                            rest = estimate - pushes_left[box] + pushes_left[box + offset]
                            heappush(queue, (moves + rest, rest, after))
            layer = neighbours(layer, board.stride) & free & ~reached
            reached |= layer
    return None


def _pushes_left(floor: int, targets: int, offsets: tuple[int, ...]) -> dict[int, int]:
    """Return by cell the pushes that bring a lone box to a target; dead cells are absent."""
    left = dict.fromkeys(indices(targets), 0)
    frontier = list(left)
    for cell in frontier:
        for offset in offsets:
            before, stand = cell - offset, cell - 2 * offset
            if floor >> before & 1 and floor >> stand & 1 and before not in left:
                left[before] = left[cell] + 1
                frontier.append(before)
    return left


def _directions(
    start: Position,
    end: Position,
    came_from: dict[Position, tuple[Position, int]],
    floor: int,
    offsets: tuple[int, ...],
) -> list[str]:
    """Spell out the pushes that lead from `start` to `end` and the walks between them."""
    named = dict(zip(offsets, DIRECTIONS, strict=True))
    backwards = []
    while end != start:
        _, pushed = end
        end, offset = came_from[end]
        boxes, player = end
        backwards.append([*_walk(player, pushed - offset, floor & ~boxes, named), named[offset]])
    return [direction for piece in reversed(backwards) for direction in piece]


def _walk(origin: int, goal: int, free: int, named: dict[int, str]) -> list[str]:
    """Return a shortest walk; of several, the first in the order of `named`."""
    distance = {goal: 0}
    frontier = [goal]
    for cell in frontier:
        for offset in named:
            if free >> (cell + offset) & 1 and cell + offset not in distance:
                distance[cell + offset] = distance[cell] + 1
                frontier.append(cell + offset)
    walk = []
    while origin != goal:
        closer = distance[origin] - 1
        offset = next(offset for offset in named if distance.get(origin + offset) == closer)
        walk.append(named[offset])
        origin += offset
    return walk
