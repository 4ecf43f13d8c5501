"""The invented catalogue: 1,200 products in the official file format, and what is asked for.

Importable without drawing anything: the files in `shipped-files/` are read. `python -m
arlarena_bench.envs.webshop.catalogue` draws them again and says whether they are the same.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.frozen import read_frozen

from ..draw import Draw
from ..goals import Goals, human_instructions, rule_instructions
from ..products import normalise

FOLDER = Path(__file__).parent / "shipped-files"
ITEMS = "items_shuffle_1200.json.gz"
ATTRIBUTES = "items_ins_v2_1200.json.gz"
REQUESTS = "items_human_ins.json.gz"
REVIEWS = "reviews.json.gz"
FILES = (ITEMS, ATTRIBUTES, REQUESTS, REVIEWS)
# As upstream: a price limit is the larger of two of the four next multiples of ten.
LIMIT_STEP = 10.0
LIMITS = 4

Record = dict[str, Any]


def read(name: str) -> Any:
    """Return the content of one of `FILES`, checked against its SHA-256.

    Raises:
        ArenaError: If it is missing or was changed.
    """
    return json.loads(read_frozen(FOLDER / name))


@lru_cache
def products() -> tuple[Record, ...]:
    """Return the products in the shape of upstream's loader; not to be changed."""
    items, attributes, requests, reviews = map(read, FILES)
    written = {entry["asin"]: entry for entry in reviews}
    found = []
    for item in items:
        asin = item["asin"]
        product = normalise(item, attributes[asin], requests.get(asin), written[asin])
        if product is None:
            raise ArenaError(f"the catalogue's product {asin} is none")
        found.append(product)
    return tuple(found)


@lru_cache
def goals() -> tuple[Record, ...]:
    """Return what is asked for: first the goals made by rule, then those in people's words."""
    instructions = [*rule_instructions(products()), *human_instructions(products())]
    limits = [_limit(instruction.product) for instruction in instructions]
    return tuple(Goals(instructions, limits))


@lru_cache
def prices() -> Mapping[str, float]:
    """Return what each product costs: within its range, the same everywhere."""
    return MappingProxyType({product["asin"]: _price(product) for product in products()})


def catalogue() -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Return the products and the goals."""
    return products(), goals()


def _price(product: Mapping[str, Any]) -> float:
    low, high = product["pricing"][0], product["pricing"][-1]
    return round(Draw("price", product["asin"]).within(low, high), 2)


def _limit(product: Mapping[str, Any]) -> float:
    first = LIMIT_STEP * (_price(product) // LIMIT_STEP + 1)
    limits = [first + LIMIT_STEP * step for step in range(LIMITS)]
    return max(Draw("price limit", product["asin"]).shuffled(limits)[:2])
