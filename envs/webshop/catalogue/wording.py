"""What customers ask for, in words."""

from collections.abc import Mapping, Sequence

from ..draw import Draw
from .vocabulary import KINDS, ProductType

WANTS = (
    "Find me {}",
    "I am looking for {}",
    "I need {}",
    "Show me {}",
    "I want to buy {}",
    "Help me find {}",
    "I would like {}",
    "Please find {}",
    "Get me {}",
    "I am shopping for {}",
)
SPOKEN = (
    "i need {}",
    "i'm looking for {}",
    "could you find me {}",
    "i would like to buy {}",
    "i am after {}",
    "please help me pick out {}",
)
OPTIONS = {
    "brush heads": "with {}",
    "color": "in {}",
    "flavor": "in {} flavor",
    "pack": "as a {}",
    "roast": "in {}",
    "scent": "in the scent {}",
    "size": "in the size {}",
    "storage": "with {}",
    "style": "in the style {}",
    "switch": "with a {}",
}
Attributes = Mapping[str, Sequence[str]]


def wanted(attributes: Attributes, draw: Draw) -> dict[str, list[str]]:
    """Choose one to three of a product's attributes to ask for."""
    pairs = [(kind, name) for kind in KINDS for name in attributes[kind]]
    chosen = draw.some(pairs, 1, 3)
    return {kind: [name for k, name in chosen if k == kind] for kind in KINDS}


def synthetic(kind: ProductType, asked: Attributes, draw: Draw) -> str:
    """Word a request of the synthetic form, to which the loader adds the options and the price."""
    thing = " ".join([*filter(None, [", ".join(asked["is"])]), kind.query])
    return draw.pick(WANTS).format(thing + _with_and_for(asked))


def spoken(kind: ProductType, asked: Attributes, options: Mapping[str, str], draw: Draw) -> str:
    """Word a request as a person would, options included; the loader adds the price."""
    thing = kind.one + _with_and_for(asked)
    if asked["is"]:
        qualities = " and ".join(asked["is"])
        thing += draw.pick((f" that is {qualities}", f", and it should be {qualities}"))
    return draw.pick(SPOKEN).format(thing) + _options(options, draw)


def _with_and_for(asked: Attributes) -> str:
    text = ""
    if asked["has"]:
        text += f" with {' and '.join(asked['has'])}"
    if asked["suits"]:
        text += f" for {' and '.join(asked['suits'])}"
    return text


def _options(options: Mapping[str, str], draw: Draw) -> str:
    if not options:
        return ""
    if draw.happens(0.5):
        return ", " + " and ".join(OPTIONS[name].format(v) for name, v in options.items())
    parts = [f"the {name} should be {value}" for name, value in options.items()]
    return ". " + ", and ".join(parts)
