"""Drawing the products, as entries of the official item file."""

from dataclasses import dataclass
from typing import Any

from ..draw import Draw
from .vocabulary import KINDS, ProductType, brands, product_types, reviews

PER_TYPE = 30
# The options of which each value has a price of its own, outside of fashion.
PRICED = ("size", "style", "brush heads")
CENTS = (0.99, 0.95, 0.49, 0.0)
ASIN_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXYZ"
WRITTEN = {
    **{word: word.upper() for word in ("bpa", "gmo", "led", "usb", "usda")},
    **{word: word for word in ("and", "to")},
}
REVIEW_TITLES = {5: "Five stars", 4: "Happy with it", 3: "It is all right", 2: "Not for me"}


@dataclass(frozen=True, slots=True)
class Item:
    """A product: its type, its attributes by kind, and its entries in the official files."""

    type: ProductType
    attributes: dict[str, list[str]]
    entry: dict[str, Any]
    reviews: dict[str, Any]


def draw_items() -> list[Item]:
    """Draw every product of the catalogue, in the order of the item file."""
    items: dict[str, Item] = {}
    for kind in product_types():
        makers = Draw("makers", kind.query).shuffled(brands())
        for number in range(PER_TYPE):
            draw = Draw("item", kind.query, number)
            asin = _asin(draw)
            while asin in items:
                asin = _asin(draw)
            items[asin] = _item(draw, kind, asin, makers[number])
    return Draw("order of the shelves").shuffled(list(items.values()))


def _asin(draw: Draw) -> str:
    # Amazon's own begin with B or a digit.
    return "AR" + "".join(draw.pick(ASIN_LETTERS) for _ in range(8))


def _item(draw: Draw, kind: ProductType, asin: str, brand: str) -> Item:
    counts = {"is": (1, 3), "has": (1, 2), "suits": (1, 2)}
    attributes = {k: draw.some(list(kind.attributes[k]), *counts[k]) for k in KINDS}
    for one, other in kind.opposites:
        for names in attributes.values():
            if one in names and other in names:
                names.remove(other)
    style = draw.pick(kind.styles)
    title = _title(draw, brand, kind.title.format(style=style), attributes)
    options = {name: draw.some(values, 2, 3) for name, values in kind.options.items()}
    prices = _prices(draw, kind, options)
    contents = {
        name.capitalize(): [_option(value, prices, name, asin) for value in values]
        for name, values in options.items()
    }
    bullets = [kind.attributes[k][a] for k in KINDS for a in attributes[k]]
    written = _reviews(draw, kind, asin)
    entry = {
        "asin": asin,
        "name": title,
        "brand": brand,
        "full_description": _description(draw, kind, brand, style),
        "small_description": draw.shuffled(bullets),
        "pricing": _pricing(prices),
        "category": kind.department,
        "query": kind.query,
        "product_category": kind.path,
        "images": [f"https://shop.invalid/images/{asin}.jpg"],
        "customization_options": contents,
        "average_rating": written["average_rating"],
        "total_reviews": len(written["reviews"]),
        "availability_status": "In Stock.",
    }
    return Item(kind, attributes, entry, written)


def _title(draw: Draw, brand: str, name: str, attributes: dict[str, list[str]]) -> str:
    is_, has, suits = (
        " and ".join(map(_capitals, draw.some(attributes[kind], 1, 2))) for kind in KINDS
    )
    ends = (f", {is_}, for {suits}", f" with {has}, {is_}", f" for {suits}, {is_}", f", {is_}")
    return f"{brand} {name}{draw.pick(ends)}"


def _capitals(attribute: str) -> str:
    words = (WRITTEN.get(word, word.capitalize()) for word in attribute.split())
    return " ".join(words)


def _description(draw: Draw, kind: ProductType, brand: str, style: str) -> str:
    sentences = draw.some(kind.about, 2, 3)
    openings = (
        f"The {style.lower()} model of {brand}.",
        f"{brand} has thought about {kind.query} for years.",
        f"New from {brand}.",
        "",
    )
    return " ".join([*filter(None, [draw.pick(openings)]), *sentences])


def _prices(draw: Draw, kind: ProductType, options: dict[str, list[str]]) -> dict[str, float]:
    """Return the price of each value of the priced option, or of `""` where all cost the same."""
    low, high = kind.price
    base = int(draw.within(low, high * 0.8)) + draw.pick(CENTS)
    priced = next((name for name in PRICED if name in options), None)
    if kind.department == "fashion" or priced is None or draw.happens(0.3):
        return {"": base}
    step = max(1, round((high - low) / 16))
    return {value: round(base + step * n, 2) for n, value in enumerate(options[priced])}


def _option(value: str, prices: dict[str, float], name: str, asin: str) -> dict[str, Any]:
    price = prices.get(value, 0) if name in PRICED else 0
    return {
        "is_selected": False,
        "is_available": True,
        "value": value,
        "asin": asin,
        "price_string": f"${price:.2f}" if price else "",
        "price": price,
        "image": None,
    }


def _pricing(prices: dict[str, float]) -> str:
    ends = sorted({min(prices.values()), max(prices.values())})
    return " to ".join(f"${price:.2f}" for price in ends)


def _reviews(draw: Draw, kind: ProductType, asin: str) -> dict[str, Any]:
    written = reviews(kind.department)
    chosen = [(draw.pick((4, 5)), text) for text in draw.some(written["good"], 1, 2)]
    chosen += [(3, text) for text in draw.some(written["mixed"], 0, 1)]
    chosen += [(2, text) for text in draw.some(written["bad"], 0, 1) if draw.happens(0.3)]
    stars = [score for score, _ in chosen]
    return {
        "asin": asin,
        "average_rating": round(sum(stars) / len(stars), 1),
        "reviews": [
            {"title": REVIEW_TITLES[score], "stars": score, "review": text}
            for score, text in draw.shuffled(chosen)
        ],
    }
