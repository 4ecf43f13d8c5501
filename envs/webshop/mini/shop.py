"""The reduced shop's products and its search."""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from ..draw import Draw
from ..shop import Shop
from .goals import Goals

TYPES = ("shirt", "dress", "jacket", "coat", "sweater", "scarf", "hat", "skirt")
MATERIALS = ("cotton", "linen", "wool", "denim", "leather", "silk")
STYLES = ("casual", "formal", "sporty", "vintage")
COLORS = ("black", "white", "red", "blue", "green", "yellow")
SIZES = ("small", "medium", "large")
PRICES = tuple(range(10, 100, 20))
PER_TYPE = 16
RESULTS = 5

Product = Mapping[str, Any]


@lru_cache(maxsize=64)
def mini_shop(name: str) -> Shop:
    """Return the shop of that name, one for the whole process."""
    products = draw_products(name)
    by_asin = {product["asin"]: product for product in products}
    shop = Shop(products, Goals(name, products, search), partial(_asins, by_asin), tagger="words")
    return shop.made_by(mini_shop, name)


def draw_products(name: str) -> list[Product]:
    """Draw the catalogue of the shop of that name, in the order of its shelves."""
    draw = Draw("mini shop", name)
    kinds = draw.shuffled([kind for kind in TYPES for _ in range(PER_TYPE)])
    prefix = name.replace("-", "")[:5].upper()
    return [_product(draw, f"{prefix}{n:03d}", kind) for n, kind in enumerate(kinds)]


def search(products: list[Product], query: str) -> list[Product]:
    """Return the products of the kind named with any of the qualities named, by shelf."""
    words = query.split()
    qualities = {word for word in words if word in MATERIALS or word in STYLES}
    found = [
        product
        for product in products
        if product["query"] in words
        and (not qualities or not qualities.isdisjoint(product["Attributes"]))
    ]
    return found[:RESULTS]


def _asins(products: dict[str, Product], query: str) -> list[str]:
    return [product["asin"] for product in search(list(products.values()), query)]


def _product(draw: Draw, asin: str, kind: str) -> Product:
    material, style = draw.pick(MATERIALS), draw.pick(STYLES)
    price = float(draw.pick(PRICES))
    title = f"{material} {style} {kind}"
    return {
        "asin": asin,
        "name": title,
        "Title": title,
        "Description": f"A {style} {kind}.",
        "BulletPoints": [f"Made of {material}."],
        "Attributes": [material, style],
        "Reviews": [],
        "Rating": "N.A.",
        "pricing": [price],
        "Price": f"${price}",
        "options": {
            "color": draw.some(COLORS, 4, 5),
            "size": [size for size in SIZES if draw.happens(0.93)] or ["medium"],
        },
        "category": "clothing",
        "query": kind,
        "product_category": f"Clothing › {kind}",
    }
