"""What is asked for in a reduced shop: as many goals as there are numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from ..draw import Draw

COUNT = 2**62
Product = Mapping[str, Any]


class Goals(Sequence[dict[str, Any]]):
    """Goals drawn from their number when they are asked for.

    Args:
        name: Of the shop.
        products: Its catalogue.
        search: Products and query → results. What is asked for is among the results for the
            qualities and kind that are named.
    """

    def __init__(
        self,
        name: str,
        products: list[Product],
        search: Callable[[list[Product], str], list[Product]],
    ) -> None:
        self._name = name
        self._products = products
        self._search = search

    def __len__(self) -> int:
        return COUNT

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(COUNT))]
        draw = Draw("mini goal", self._name, index)
        while True:
            product = draw.pick(self._products)
            attributes = draw.some(product["Attributes"], 1, 2)
            thing = " ".join([*attributes, product["query"]])
            if product in self._search(self._products, thing):
                return _goal(draw, product, attributes, thing)


def _goal(draw: Draw, product: Product, attributes: list[str], thing: str) -> dict[str, Any]:
    options = {
        name: draw.pick(values) for name, values in product["options"].items() if draw.happens(0.8)
    }
    limit = min(product["pricing"][0] + draw.pick((0, 0, 20)), 90.0)
    words = [thing, *options.values(), "max", str(int(limit))]
    return {
        "asin": product["asin"],
        "category": product["category"],
        "query": product["query"],
        "name": product["name"],
        "product_category": product["product_category"],
        "instruction_text": f"find {' '.join(words)}",
        "attributes": attributes,
        "price_upper": limit,
        "goal_options": options,
        "weight": 1.0,
    }
