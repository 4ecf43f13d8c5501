"""Drawing what is asked for, as entries of the official files of attributes and of requests."""

from typing import Any

from ..draw import Draw
from . import wording
from .items import Item
from .vocabulary import KINDS

SPOKEN_FOR = 0.4
"""Share of the products that also have requests in the words of a person."""


def attribute_entry(item: Item) -> dict[str, Any]:
    """Return what the attribute file says of a product, with its synthetic request."""
    draw = Draw("request", item.entry["asin"])
    asked = wording.wanted(item.attributes, draw)
    return {
        "attributes": _names(item.attributes),
        "instruction": wording.synthetic(item.type, asked, draw),
        "instruction_attributes": _names(asked),
    }


def spoken_entries(item: Item) -> list[dict[str, Any]]:
    """Return the requests for a product that people might have written; most have none."""
    asin = item.entry["asin"]
    draw = Draw("spoken requests", asin)
    if not draw.happens(SPOKEN_FOR):
        return []
    return [_spoken(item, Draw("spoken request", asin, n)) for n in range(draw.between(1, 2))]


def _spoken(item: Item, draw: Draw) -> dict[str, Any]:
    asked = wording.wanted(item.attributes, draw)
    values = {
        name.lower(): [content["value"] for content in contents]
        for name, contents in item.entry["customization_options"].items()
    }
    named = draw.some(sorted(values), 1, len(values))
    options = {name: draw.pick(values[name]) for name in named}
    return {
        "asin": item.entry["asin"],
        "instruction": wording.spoken(item.type, asked, options, draw),
        "attributes": _names(item.attributes),
        "options": [f"{name}: {value}" for name, value in options.items()],
        "instruction_attributes": _names(asked),
        "instruction_options": list(options.values()),
    }


def _names(attributes: wording.Attributes) -> list[str]:
    return [name for kind in KINDS for name in attributes[kind]]
