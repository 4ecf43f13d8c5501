"""A few invented products and goals, in the shape that WebShop's loader returns."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arlarena_bench.envs.webshop import Shop


def product(asin: str, title: str, **changes: Any) -> dict[str, Any]:
    """Make a product; `changes` replaces any of its entries."""
    return {
        "asin": asin,
        "name": title,
        "Title": title,
        "Description": "",
        "BulletPoints": [],
        "Attributes": ["DUMMY_ATTR"],
        "Reviews": [],
        "Rating": "N.A.",
        "pricing": [25.0],
        "Price": "$25.0",
        "options": {},
        "category": "garden",
        "query": "lantern",
        "product_category": "Garden › Lighting › Lanterns",
    } | changes


def goal(bought: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Make a goal for a product; `changes` replaces any of its entries."""
    return {
        "asin": bought["asin"],
        "category": bought["category"],
        "query": bought["query"],
        "name": bought["name"],
        "product_category": bought["product_category"],
        "instruction_text": "i want a lantern",
        "attributes": ["weatherproof"],
        "price_upper": 30.0,
        "goal_options": {},
        "weight": 1,
    } | changes


LANTERN = product(
    "B0LANTERN1",
    "Tin Lantern <b>& Hook</b>, 9½ cm",
    Description="A lantern that is weatherproof.",
    BulletPoints=["hangs anywhere", "burns 8 hours"],
    Attributes=["weatherproof", "easy clean"],
    Reviews=[{"title": "Bright", "score": 4.0, "body": "Lit the shed."}],
    Rating=4.5,
    options={"color": ["brick red", "moss"], "size": ["9 cm", "12 cm"]},
)
KETTLE = product(
    "B0KETTLE22", "Copper Kettle", query="kettle", product_category="Kitchen › Kettles"
)
# Twelve more, so that results fill a second page.
SPADES = [product(f"B0SPADE{n:03}", f"Spade no. {n}", query="spade") for n in range(12)]
GOALS = [
    goal(LANTERN, goal_options={"color": "moss", "size": "12 cm"}),
    goal(LANTERN, goal_options=["moss", "12 cm"]),
]
FOUND = {
    "lantern": [LANTERN["asin"], "B0NOTSOLD1", KETTLE["asin"]],
    "spade": [spade["asin"] for spade in SPADES],
}


def shop(*, more: tuple[dict[str, Any], ...] = (), **options: Any) -> Shop:
    """Return a shop in which `FOUND` says what a search finds."""
    products = [LANTERN, KETTLE, *SPADES, *more]
    options.setdefault("goals", GOALS)
    options.setdefault("search", lambda query: FOUND.get(query, []))
    return Shop(products, tagger="words", **options)


def write_files(
    folder: Path,
    items: list[Any],
    attributes: Mapping[str, Any],
    human: Mapping[str, Any] | None = None,
) -> tuple[Path, ...]:
    """Write official files and return their paths, in the order in which `Shop.load` takes them."""
    contents = [items, attributes] if human is None else [items, attributes, human]
    paths = tuple(folder / f"{number}.json" for number in range(len(contents)))
    for path, content in zip(paths, contents, strict=True):
        path.write_text(json.dumps(content))
    return paths


def entry(asin: str, name: str = "Tin Lantern", **changes: Any) -> dict[str, Any]:
    """Make an entry of `items_shuffle*.json`."""
    return {
        "asin": asin,
        "name": name,
        "full_description": "It glows.",
        "small_description": ["hangs anywhere"],
        "pricing": "$25.00",
        "customization_options": {"Color": [{"value": "Red", "image": None}, {"value": "Moss"}]},
        "category": "garden",
        "query": " Lantern ",
        "product_category": "Garden › Lanterns",
        "images": ["https://pictures.invalid/1.jpg"],
    } | changes


def wish(*attributes: str) -> dict[str, Any]:
    """Make an entry of `items_ins_v2*.json` with an instruction."""
    asked = list(attributes)
    return {
        "attributes": asked,
        "instruction": "Find me lanterns",
        "instruction_attributes": asked,
    }
