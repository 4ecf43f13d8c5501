"""Products: from an entry of the official files to the shape that the original's loader returns."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from sys import intern
from typing import Any

from arlarena_bench.errors import ArenaError

NO_ATTRIBUTES = "DUMMY_ATTR"
NO_PRICE = 100.0
_LONGEST_ASIN = 10
_NOT_PRICE = re.compile(r"[^\d.]")
_ENTRY_KEYS = ("name", "category", "query", "product_category")
_TEXTS = ("asin", "name", "Title", "Price", "category", "query", "product_category")
_LISTS = ("BulletPoints", "Attributes", "Reviews", "pricing")
_REST = ("Description", "Rating")


def normalise(
    entry: Mapping[str, Any],
    attributes: Mapping[str, Any] | None = None,
    instructions: Sequence[Mapping[str, Any]] | None = None,
    reviews: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Return a product in the loader's shape; None for one that the original leaves out.

    Args:
        entry: An entry of `items_shuffle*.json`.
        attributes: The product's entry of `items_ins_v2*.json`.
        instructions: The product's entry of `items_human_ins.json`.
        reviews: The product's entry of `reviews.json`.

    Raises:
        ArenaError: If the entry, or what belongs to it, is not in the original's format.
    """
    try:
        return _normalise(entry, attributes or {}, instructions, reviews or {})
    except (AttributeError, KeyError, TypeError) as error:
        name = entry.get("asin") if isinstance(entry, Mapping) else entry
        raise ArenaError(f"product {name!r} is not in WebShop's format: {error!r}") from error


def _normalise(
    entry: Mapping[str, Any],
    attributes: Mapping[str, Any],
    instructions: Sequence[Mapping[str, Any]] | None,
    reviews: Mapping[str, Any],
) -> dict[str, Any] | None:
    if not isinstance(entry, Mapping):
        raise ArenaError(f"a product is an object, got {type(entry).__name__}")
    asin = entry.get("asin")
    if not isinstance(asin, str):
        raise ArenaError(f"product {asin!r}: no text under 'asin'")
    if asin == "nan" or len(asin) > _LONGEST_ASIN:
        return None
    if missing := [key for key in _ENTRY_KEYS if not isinstance(entry.get(key), str)]:
        raise ArenaError(f"product {asin!r}: no text under {missing[0]!r}")
    prices = list(read_prices(entry.get("pricing"))) or [NO_PRICE]
    product = {
        "asin": asin,
        "name": entry["name"],
        "Title": entry["name"],
        # A null is shown as `None`, as the original's pages show it.
        "Description": str(entry.get("full_description", "")),
        "BulletPoints": _bullets(entry.get("small_description", [])),
        "Attributes": _words(attributes.get("attributes", [NO_ATTRIBUTES])),
        "Reviews": [_review(review) for review in reviews.get("reviews") or ()],
        "Rating": reviews.get("average_rating", "N.A."),
        "pricing": prices[:2],
        "Price": " to ".join(f"${price}" for price in prices[:2]),
        "options": _options(entry.get("customization_options")),
        "category": intern(entry["category"]),
        "query": intern(entry["query"].lower().strip()),
        "product_category": intern(entry["product_category"]),
        "instruction_text": attributes.get("instruction"),
        "instruction_attributes": _words(attributes.get("instruction_attributes")),
    }
    if instructions is not None:
        product["instructions"] = instructions
    return product


def read_prices(pricing: str | None) -> Iterator[float]:
    """Yield the amounts behind the dollar signs of a text."""
    for part in (pricing or "").split("$")[1:]:
        try:
            yield float(_NOT_PRICE.sub("", part))
        except ValueError:
            continue


def draw_price(product: Mapping[str, Any], rng: random.Random) -> float:
    """Return a product's price, drawn from its range where it has one."""
    pricing: Sequence[float] = product["pricing"]
    if len(pricing) > 1:
        return rng.uniform(pricing[0], pricing[1])
    return pricing[0] if pricing else NO_PRICE


def check_product(product: Mapping[str, Any]) -> None:
    """Raise `ArenaError` for a product that is not in the loader's shape."""
    if not isinstance(product, Mapping):
        raise ArenaError(f"a product is an object, got {type(product).__name__}")
    asin = product.get("asin")
    for key in _TEXTS:
        if not isinstance(product.get(key), str):
            raise ArenaError(f"product {asin!r}: no text under {key!r}")
    for key in _LISTS:
        if not isinstance(product.get(key), list | tuple):
            raise ArenaError(f"product {asin!r}: no list under {key!r}")
    if missing := [key for key in _REST if key not in product]:
        raise ArenaError(f"product {asin!r}: no {missing[0]!r}")
    options = product.get("options")
    if not isinstance(options, Mapping) or not all(map(is_words, options.values())):
        raise ArenaError(f"product {asin!r}: no lists of words by name under 'options'")


def is_words(value: object) -> bool:
    """Return whether a value is a list of strings."""
    return isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)


def _bullets(description: object) -> list[str]:
    bullets = description if isinstance(description, list) else [description]
    return [str(bullet) for bullet in bullets]


def _words(words: Sequence[str] | None) -> list[str]:
    return [intern(word) for word in words or ()]


def _options(customization: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """Return option name → values; one whose values are missing altogether is left out."""
    options = {}
    for name, contents in (customization or {}).items():
        if contents is not None:
            values = [content["value"].strip().replace("/", " | ").lower() for content in contents]
            options[intern(name.lower())] = _words(values)
    return options


def _review(review: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": review.get("title", ""),
        "score": review["score"] if "score" in review else review.get("stars", ""),
        "body": review.get("review", ""),
    }
