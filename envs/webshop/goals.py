"""Goals of the official data: what to buy, in words, and at which price."""

import hashlib
import json
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple, overload

from arlarena_bench.errors import ArenaError

from .products import is_words

NO_LIMIT = 1_000_000
_LIMITS = tuple(10.0 * step for step in range(1, 100))
_CANDIDATES = 4


class Instruction(NamedTuple):
    """What goals are made of: one goal, or one for every combination of a product's options.

    Attributes:
        product: The product to buy, in the loader's shape.
        text: The instruction before options and price are added.
        attributes: What is asked for besides.
        options: The options that a person asked for; None for every combination, by rule.
    """

    product: Mapping[str, Any]
    text: str
    attributes: Sequence[str]
    options: Sequence[str] | None

    @property
    def goals(self) -> int:
        """How many goals it makes."""
        return prod(map(len, self.product["options"].values())) if self.options is None else 1


def rule_instructions(products: Iterable[Mapping[str, Any]]) -> list[Instruction]:
    """Return the instructions made by rule; one without attributes cannot be scored."""
    return [
        Instruction(
            product, str(product["instruction_text"]), product["instruction_attributes"], None
        )
        for product in products
        if product.get("instruction_text") is not None and product["instruction_attributes"]
    ]


def human_instructions(products: Iterable[Mapping[str, Any]]) -> list[Instruction]:
    """Return the instructions that people wrote; those without attributes are left out.

    Raises:
        ArenaError: If one is not in the original's format.
    """
    return [
        _written(product, entry)
        for product in products
        for entry in _entries(product)
        if entry.get("instruction_attributes")
    ]


def _entries(product: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    entries: Sequence[Mapping[str, Any]] = product.get("instructions", ())
    if not isinstance(entries, list | tuple) or not all(isinstance(e, Mapping) for e in entries):
        raise ArenaError(f"instructions for {product['asin']!r}: not a list of objects")
    return entries


def _written(product: Mapping[str, Any], entry: Mapping[str, Any]) -> Instruction:
    attributes = entry["instruction_attributes"]
    options = entry.get("instruction_options") or []
    if not (
        isinstance(entry.get("instruction"), str) and is_words(attributes) and is_words(options)
    ):
        raise ArenaError(
            f"instructions for {product['asin']!r}: one lacks a text 'instruction', or words in "
            "'instruction_attributes' or 'instruction_options'"
        )
    return Instruction(product, entry["instruction"].strip("."), attributes, options)


def draw_limit(price: float, rng: random.Random) -> float:
    """Return the higher of two of the next four multiples of ten above a price."""
    above = [limit for limit in _LIMITS if limit > price][:_CANDIDATES]
    return max(rng.sample(above, 2)) if len(above) >= 2 else NO_LIMIT


def content(goal: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a goal asks for: product, attributes and options.

    Neither the wording nor the price limit counts: two goals that differ only there are won by the
    same purchase.
    """
    wanted = goal["goal_options"]
    options = sorted(wanted.items()) if isinstance(wanted, Mapping) else sorted(wanted)
    asked = json.dumps([goal["asin"], sorted(goal["attributes"]), options])
    return hashlib.sha256(asked.encode()).hexdigest()


class Goals(Sequence[dict[str, Any]]):
    """The goals of instructions, made when they are asked for: millions of them take no room.

    Args:
        instructions: Where they come from.
        limits: Price limit of each instruction.
        order: Which goal comes where, as positions in the order of instructions and combinations;
            None for that order.
    """

    def __init__(
        self,
        instructions: Sequence[Instruction],
        limits: Sequence[float],
        order: Sequence[int] | None = None,
    ) -> None:
        self._instructions = instructions
        self._limits = limits
        self._ends = list(accumulate(instruction.goals for instruction in instructions))
        total = self._ends[-1] if self._ends else 0
        self._order: Sequence[int] = range(total) if order is None else order
        self._occurrences: Counter[str] = Counter()
        for instruction in instructions:
            for attribute in instruction.attributes:
                self._occurrences[attribute] += instruction.goals

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = self._order[index]
        number = bisect_right(self._ends, position)
        return self._goal(number, position - (self._ends[number - 1] if number else 0))

    def asin(self, index: int) -> str:
        """Return the product of a goal without making the goal."""
        number = bisect_right(self._ends, self._order[index])
        asin: str = self._instructions[number].product["asin"]
        return asin

    def _goal(self, number: int, combination: int) -> dict[str, Any]:
        product, text, attributes, written = self._instructions[number]
        limit = self._limits[number]
        options = _combination(product["options"], combination) if written is None else written
        if isinstance(options, dict) and options:
            listed = ", and ".join(f"{name}: {value}" for name, value in options.items())
            text = f"{text} with {listed}"
        if limit != NO_LIMIT:
            text = f"{text}, and price lower than {limit:.2f} dollars"
        return {
            "asin": product["asin"],
            "category": product["category"],
            "query": product["query"],
            "name": product["name"],
            "product_category": product["product_category"],
            "instruction_text": text,
            "attributes": list(attributes),
            "price_upper": limit,
            "goal_options": options if isinstance(options, dict) else list(options),
            "weight": self._weight(attributes) if written is None else 1,
        }

    def _weight(self, attributes: Sequence[str]) -> float:
        return sum(1.0 / self._occurrences[word] for word in attributes) / len(attributes)


def _combination(options: Mapping[str, Sequence[str]], number: int) -> dict[str, str]:
    """Return the combination of options with this number: the last name's value runs fastest."""
    names = sorted(options)
    chosen = {}
    for name in reversed(names):
        number, position = divmod(number, len(options[name]))
        chosen[name] = options[name][position]
    return {name: chosen[name] for name in names}
