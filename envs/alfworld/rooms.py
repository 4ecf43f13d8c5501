"""The rooms: 30 of each kind, the same for everyone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from .draw import Draw
from .household import ADJACENT, BASINS, FIRST_PLAN, FURNITURE, PLANS

# Probability that a receptacle is reached from where one stands at the previous of its kind;
# about as common in the original's rooms.
SHARED_SPOT = 0.2
# Of each kind, the rooms with the highest numbers are never trained in.
UNSEEN = 4


@dataclass(frozen=True)
class Receptacle:
    """A receptacle.

    Attributes:
        id: Its id, as AI2-THOR writes one.
        kind: For example `"CounterTop"`.
        location: Id of the spot from which it is reached.
    """

    id: str
    kind: str
    location: str


@dataclass(frozen=True)
class Room:
    """A room with its furniture.

    Attributes:
        plan: Number of the floor plan.
        kind: `"kitchen"`, `"livingroom"`, `"bedroom"` or `"bathroom"`.
        receptacles: In the order of their kinds.
    """

    plan: int
    kind: str
    receptacles: tuple[Receptacle, ...]

    def kinds(self) -> frozenset[str]:
        """Return the kinds of receptacles in the room."""
        return frozenset(receptacle.kind for receptacle in self.receptacles)


def point(*metres: float) -> str:
    """Return coordinates as AI2-THOR writes them in an id, for example `+00.25|-01.50`."""
    return "|".join(f"{value:+06.2f}" for value in metres)


def plans(kind: str, *, seen: bool) -> range:
    """Return the numbers of the rooms of a kind that are trained in, or of the others."""
    first = FIRST_PLAN[kind]
    split = first + PLANS - UNSEEN
    return range(first, split) if seen else range(split, first + PLANS)


def kind_of(plan: int) -> str | None:
    """Return the kind of the room with this number, None if there is no such room."""
    return next((k for k, first in FIRST_PLAN.items() if first <= plan < first + PLANS), None)


@cache
def room(plan: int) -> Room:
    """Return the room with this number.

    Raises:
        KeyError: If there is none.
    """
    kind = kind_of(plan)
    if kind is None:
        raise KeyError(plan)
    draw = Draw("room", plan)
    counts = {name: draw.between(*bounds) for name, bounds in FURNITURE[kind].items()}
    return Room(plan, kind, tuple(furnish(counts, draw, SHARED_SPOT)))


def furnish(counts: dict[str, int], draw: Draw, shared_spot: float) -> Iterator[Receptacle]:
    """Yield so many receptacles of each kind, each at a place of its own.

    Args:
        counts: Kind → how many.
        draw: Source of the places.
        shared_spot: Probability that two adjacent receptacles are reached from one spot.
    """
    taken: set[str] = set()
    for kind, count in counts.items():
        location = ""
        for _ in range(count):
            x, z = draw.between(-500, 500) / 100, draw.between(-500, 500) / 100
            place = point(x, draw.between(0, 200) / 100, z)
            while place in taken:
                place = point(x, draw.between(0, 200) / 100, z)
            taken.add(place)
            if not (location and kind in ADJACENT and draw.happens(shared_spot)):
                location = _spot(x, z, draw, taken)
            yield Receptacle(_id(kind, place), kind, location)


def _spot(x: float, z: float, draw: Draw, taken: set[str]) -> str:
    """Return a free spot on the quarter-metre grid beside (x, z)."""
    while True:
        column, row = round(4 * x) + draw.between(-3, 3), round(4 * z) + draw.between(-3, 3)
        spot = f"loc|{column}|{row}|{90 * draw.between(0, 3)}|{30 * draw.between(-1, 2)}"
        if spot not in taken:
            taken.add(spot)
            return spot


def _id(kind: str, place: str) -> str:
    return f"{BASINS[kind]}|{place}|{kind}" if kind in BASINS else f"{kind}|{place}"
