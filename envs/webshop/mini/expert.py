"""A customer of the reduced shop who remembers nothing that the page does not say."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..visit import Visit
from .compact import KNOWN, query
from .shop import COLORS, MATERIALS, SIZES, STYLES


def shop_around(visit: Visit, tried: Collection[str]) -> str:
    """Return the next command; it depends only on the instruction and `compact.describe`.

    The first result that fits and was not tried is looked at; one that lacks an option is left.
    """
    words = visit.instruction.split()
    wanted = [word for word in words if word in KNOWN]
    search = f"search {' '.join(wanted)}"
    if visit.page == "results":
        if query(visit) != wanted:
            return search
        for number, listed in enumerate(visit.listed, start=1):
            if listed["asin"] not in tried and _fits(listed, words):
                return f"click b{number}"
        return "click back"
    if visit.page != "item" or (product := visit.product) is None:
        return search
    needed = [word for word in words if word in COLORS or word in SIZES]
    offered = [value for values in product["options"].values() for value in values]
    if product["query"] not in words or not _fits(product, words):
        return "click back"
    if any(value not in offered for value in needed):
        return "click back"
    for value in needed:
        if value not in visit.options.values():
            return f"click {value}"
    return "click buy"


def _fits(product: Mapping[str, Any], words: Sequence[str]) -> bool:
    qualities = [word for word in words if word in MATERIALS or word in STYLES]
    cheap = product["pricing"][0] <= int(words[-1])
    return cheap and all(word in product["Attributes"] for word in qualities)
