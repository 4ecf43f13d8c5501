"""One colour and one dash a method, the same in every chart of the site."""

from collections.abc import Iterable
from dataclasses import dataclass

from arlarena_bench.report.comparison import TABLE_ORDER, in_order

COLOURS = 8  # site.css has them, for light and for dark


@dataclass(frozen=True, slots=True)
class Stroke:
    """How a method is drawn: the number of its colour, and lengths of dashes and gaps in pixels."""

    colour: int
    dash: tuple[int, ...] = ()


_DASHES = ((), (7, 3), (2, 3), (9, 3, 2, 3), (4, 4), (12, 4), (2, 2, 2, 6), (12, 2, 2, 2, 2, 2))


def strokes(labels: Iterable[str]) -> dict[str, Stroke]:
    """Return the stroke of each method.

    A family, which is what stands before the first underscore, has one colour, and its members
    different dashes. Those of the paper's table have their colours whatever else is drawn.
    """
    families: dict[str, list[str]] = {}
    for label in (*TABLE_ORDER, *in_order(labels)):
        members = families.setdefault(label.partition("_")[0], [])
        if label not in members:
            members.append(label)
    found: dict[str, Stroke] = {}
    for number, members in enumerate(families.values()):
        for label in members:
            # Where all colours are gone, one of another dash; where these are, too, the last.
            free = [Stroke(number % COLOURS, dash) for dash in _DASHES]
            taken = set(found.values())
            found[label] = next((stroke for stroke in free if stroke not in taken), free[-1])
    return found
