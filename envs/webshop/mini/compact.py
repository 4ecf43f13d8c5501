"""The reduced shop in a few words, for models with a small vocabulary, and its commands.

    results cotton formal shirt
    cotton casual 20 b1
    wool formal 40 tried

A result's name stands behind it, where a model that copies the line comes upon it; a product that
was looked at before has `tried` there instead.
"""

from collections.abc import Collection, Mapping
from random import Random
from typing import Any

from ..actions import parse_action
from ..visit import Visit
from .shop import COLORS, MATERIALS, SIZES, STYLES, TYPES

_SHORT = {"< prev": "back", "back to search": "back", "buy now": "buy"}
KNOWN = frozenset(MATERIALS + STYLES + TYPES)


def describe(visit: Visit, tried: Collection[str]) -> str:
    """Return the page as far as it matters, and which results were looked at before."""
    if visit.page == "results":
        rows = [
            f"{_row(product)} {'tried' if product['asin'] in tried else f'b{number}'}"
            for number, product in enumerate(visit.listed, start=1)
        ]
        return "\n".join([f"results {' '.join(query(visit))}", *(rows or ["none"])])
    product = visit.product
    if visit.page == "item" and product is not None:
        options = [f"{name} {' '.join(values)}" for name, values in product["options"].items()]
        picked = " ".join(visit.options.values()) or "none"
        return "\n".join([f"item {product['query']} {_row(product)}", *options, f"picked {picked}"])
    return {"index": "shop", "done": "bought"}.get(visit.page, visit.page)


def query(visit: Visit) -> list[str]:
    """Return the words of the last search that the shop knows, the first three at most."""
    return [word for word in visit.keywords if word in KNOWN][:3]


def commands(visit: Visit) -> list[str]:
    """Return what can be done now, in the form that `translate` reads."""
    if visit.page == "results":
        return [*(f"click b{n}" for n in range(1, len(visit.listed) + 1)), "click back"]
    product = visit.product
    if visit.page == "item" and product is not None:
        values = [value for values in product["options"].values() for value in values]
        return [*(f"click {value}" for value in values), "click buy", "click back"]
    if visit.page == "done":
        return []
    wanted = [word for word in visit.instruction.split() if word in KNOWN]
    return [f"search {' '.join(wanted)}"] if visit.page == "index" else ["click back"]


def first_come(visit: Visit) -> str:
    """Return what someone does next who buys the first result, in the first of its options."""
    if visit.page == "item":
        return f"click {next(iter(visit.open_options.values()), ['buy'])[0]}"
    if visit.page == "results" and visit.listed:
        return "click b1"
    wanted = [word for word in visit.instruction.split() if word in KNOWN]
    return f"search {' '.join(wanted)}"


def translate(command: str, visit: Visit) -> str:
    """Return the shop's own action for a command; what is none is handed on as it is."""
    name, _, argument = command.strip().partition(" ")
    if name == "search" and argument:
        return f"search[{argument}]"
    if name != "click":
        return command
    if argument == "buy":
        return "click[buy now]"
    if argument == "back":
        return "click[back to search]" if visit.page == "results" else "click[< prev]"
    listed = {f"b{n}": product["asin"] for n, product in enumerate(visit.listed, start=1)}
    if argument in listed:
        return f"click[{listed[argument].lower()}]"
    return f"click[{argument}]"


def thought(visit: Visit, command: str) -> str:
    """Return what to think before a command: the product that it is about, or the reason."""
    name, _, argument = command.partition(" ")
    if name == "search":
        return argument.split(" ")[-1]
    for number, product in enumerate(visit.listed, start=1):
        if argument == f"b{number}":
            return f"{_row(product)} {argument}"
    if argument in COLORS or argument in SIZES:
        return f"pick {argument}"
    return {"buy": "all fits", "back": "no"}.get(argument, "")


def from_actions(visit: Visit, actions: list[str]) -> list[str]:
    """Return the commands for a plan of the shop's own actions."""
    listed = [product["asin"] for product in visit.listed]
    plan = []
    for name, argument in map(parse_action, actions):
        argument = argument or ""
        if name == "search":
            listed = list(visit.shop.search(argument))
            plan.append(f"search {argument}")
        elif argument.upper() in listed:
            plan.append(f"click b{listed.index(argument.upper()) + 1}")
        else:
            plan.append(f"click {_SHORT.get(argument, argument)}")
    return plan


def random_search(rng: Random) -> str:
    """Return a search for any kind of thing."""
    return f"search {rng.choice(MATERIALS)} {rng.choice(STYLES)} {rng.choice(TYPES)}"


def _row(product: Mapping[str, Any]) -> str:
    return f"{' '.join(product['Attributes'])} {int(product['pricing'][0])}"
