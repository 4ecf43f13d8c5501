"""The way to a goal, for someone who knows which product is meant."""

from collections.abc import Iterator, Mapping

from .rendering import PER_PAGE
from .reward import token_set_ratio
from .visit import Visit


def plan(visit: Visit) -> list[str]:
    """Return actions that buy the goal's product from here; empty if it cannot be found."""
    if visit.outcome is not None or visit.goal["asin"] not in visit.shop.products:
        return []
    target = visit.goal["asin"]
    if visit.asin == target and visit.page != "done":
        steps = [] if visit.page == "item" else ["click[< prev]"]
        return [*steps, *_buy(visit)]
    if any(product["asin"] == target for product in visit.listed):
        return [_open(target), *_buy(visit)]
    if not (found := _search(visit)):
        return []
    start = [] if visit.page == "index" else ["click[back to search]"]
    return [*start, *found, _open(target), *_buy(visit)]


def choices(visit: Visit) -> dict[str, str]:
    """Return the values to choose, by option: for each that is asked for, the most similar."""
    options = visit.shop.products[visit.goal["asin"]]["options"]
    wanted = visit.goal["goal_options"]
    if isinstance(wanted, Mapping):
        return {name: value for name, value in wanted.items() if value in options.get(name, ())}
    chosen: dict[str, str] = {}
    for text in wanted:
        open_ = [
            (name, v) for name, values in options.items() if name not in chosen for v in values
        ]
        if open_:
            name, value = max(
                open_, key=lambda option: (option[1] == text, token_set_ratio(option[1], text))
            )
            chosen[name] = value
    return chosen


def _buy(visit: Visit) -> list[str]:
    already = visit.options if visit.asin == visit.goal["asin"] else {}
    picks = [
        f"click[{value}]" for name, value in choices(visit).items() if already.get(name) != value
    ]
    return [*picks, "click[buy now]"]


def _search(visit: Visit) -> list[str]:
    """Return a search that finds the product, and the way to its page of results."""
    ways = []
    for query in _queries(visit):
        found = visit.shop.search(query.lower())
        if visit.goal["asin"] in found:
            page = found.index(visit.goal["asin"]) // PER_PAGE
            ways.append([f"search[{query}]", *["click[next >]"] * page])
            if page == 0:
                break
    return min(ways, key=len, default=[])


def _queries(visit: Visit) -> Iterator[str]:
    product = visit.shop.products[visit.goal["asin"]]
    attributes = " ".join(visit.goal["attributes"])
    yield f"{attributes} {product['query']}"
    yield " ".join(product["Title"].replace("[", " ").replace("]", " ").lower().split())
    yield visit.instruction.replace("[", " ").replace("]", " ").lower()


def _open(asin: str) -> str:
    return f"click[{asin.lower()}]"
