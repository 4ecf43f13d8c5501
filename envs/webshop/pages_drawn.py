"""The shop's pages in their parts, for a reader of an episode."""

from collections.abc import Collection, Mapping
from typing import Any

from arlarena_bench.scene import Scene, SceneChoice, SceneList, SceneText

from .visit import Visit


def drawn(visit: Visit, tried: Collection[str] | None) -> Scene:
    """Return the page that is shown.

    Args:
        visit: The visit to the shop.
        tried: In the reduced shop, the products that were looked at before; else None.
    """
    product = visit.product
    if visit.page == "results":
        words = " ".join(visit.keywords)
        heading = f"{visit.total} results of “{words}”, page {visit.page_number}"
        rows = tuple(_result(n, found, tried) for n, found in enumerate(visit.listed, start=1))
        return [SceneList(rows, heading)] if rows else [SceneText("none", heading)]
    if visit.page == "item" and product is not None:
        choices = [
            SceneChoice(name, tuple(values), _chosen(visit, name, values))
            for name, values in product["options"].items()
        ]
        return [SceneText(f"{product['Title']}\n{_price(product)}", "product"), *choices]
    if visit.outcome is not None:
        return [SceneText(f"Bought; it scores {visit.outcome['total']:.2f} of 1.", "done")]
    if visit.page == "index":
        return [SceneText("The page with the search bar.", "shop")]
    return [SceneText(visit.observation, visit.page)]


def _result(
    number: int, product: Mapping[str, Any], tried: Collection[str] | None
) -> tuple[str, ...]:
    if tried is None:
        return product["asin"].lower(), product["Title"], _price(product)
    name = "tried" if product["asin"] in tried else f"b{number}"
    return name, " ".join(product["Attributes"]), _price(product)


def _chosen(visit: Visit, name: str, values: Collection[str]) -> tuple[str, ...]:
    picked = visit.options.get(name.lower(), visit.options.get(name))
    return tuple(value for value in values if value == picked)


def _price(product: Mapping[str, Any]) -> str:
    return " to ".join(f"${price:.2f}" for price in product["pricing"]) or str(product["Price"])
