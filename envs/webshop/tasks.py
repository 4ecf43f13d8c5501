"""The task file: what the original draws at random in every process, drawn once and kept."""

import hashlib
import json
import random
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import cache_folder, write_whole

from .goals import Goals, Instruction, draw_limit
from .goals import content as content_of
from .products import draw_price

SCHEMA = 2
TEST, VALIDATION = 500, 1000


class Draws(NamedTuple):
    """Everything that chance decides.

    Attributes:
        prices: asin → price.
        limits: Price limit of each instruction.
        order: Which goal comes where.
    """

    prices: Mapping[str, float]
    limits: Sequence[float]
    order: Sequence[int]


def draw(
    products: Sequence[Mapping[str, Any]], instructions: Sequence[Instruction], seed: int
) -> Draws:
    """Draw as verl-agent does in a worker of this seed: prices, limits, and afresh the order."""
    rng = random.Random(seed)
    prices = {product["asin"]: draw_price(product, rng) for product in products}
    limits = [draw_limit(prices[source.product["asin"]], rng) for source in instructions]
    order = array("I", range(sum(source.goals for source in instructions)))
    random.Random(seed).shuffle(order)
    return Draws(prices, limits, order)


def split(instructions: Sequence[Instruction], draws: Draws) -> tuple[Sequence[int], int, int, int]:
    """Reorder the goals so that test comes first, then validation, then train.

    Test takes 500 contents and validation 1,000; of fewer than 3,000 goals a sixth and a third.
    Goals whose content is already in test or validation come last, in no split.

    Returns:
        The new order of all goals, and the sizes of test, validation and train.
    """
    goals = Goals(instructions, draws.limits, draws.order)
    sizes = (min(TEST, len(goals) // 6), min(VALIDATION, len(goals) // 3))
    held: set[str] = set()
    order, repeated = array("I"), array("I")
    position = 0
    ends = []
    for size in sizes:
        end = len(order) + size
        while len(order) < end and position < len(goals):
            content = content_of(goals[position])
            place = repeated if content in held else order
            place.append(draws.order[position])
            held.add(content)
            position += 1
        ends.append(len(order))
    asins = {goals.asin(at) for at in range(position)}
    for rest in range(position, len(goals)):
        known = goals.asin(rest) in asins and content_of(goals[rest]) in held
        (repeated if known else order).append(draws.order[rest])
    test, validation = ends[0], ends[1] - ends[0]
    return order + repeated, test, validation, len(order) - ends[1]


def fingerprint(products: Sequence[Mapping[str, Any]], instructions: Sequence[Instruction]) -> str:
    """Return the SHA-256 of everything that draws and goals depend on."""
    digest = hashlib.sha256()
    for product in products:
        digest.update(f"{product['asin']} {product['pricing']}\n".encode())
    for source in instructions:
        asked = [
            source.product["asin"], source.text, source.attributes, source.options,
            source.product["options"] if source.options is None else None,
        ]  # fmt: skip
        digest.update(json.dumps(asked).encode() + b"\n")
    return digest.hexdigest()


class Frozen(NamedTuple):
    """Draws that are kept, and the sizes of the splits, in the order in which they come."""

    draws: Draws
    test: int
    validation: int
    train: int

    @property
    def splits(self) -> dict[str, range]:
        """Split → positions in the order."""
        held = self.test + self.validation
        return {
            "train": range(held, held + self.train),
            "validation": range(self.test, held),
            "test": range(self.test),
        }


def frozen(
    products: Sequence[Mapping[str, Any]],
    instructions: Sequence[Instruction],
    seed: int,
    path: Path | None,
) -> Frozen:
    """Return the draws in the task file; draw and write them if there is none.

    Args:
        products: The catalogue.
        instructions: Where its goals come from.
        seed: What to draw from.
        path: The file; None for one in the user's cache.

    Raises:
        ArenaError: If the file was changed, belongs to another catalogue or seed, or cannot be
            written.
    """
    catalogue = fingerprint(products, instructions)
    if path is None:
        path = cache_folder() / "webshop" / f"tasks-{catalogue[:16]}-seed{seed}.json"
    if not path.exists():
        drawn = draw(products, instructions, seed)
        order, test, validation, train = split(instructions, drawn)
        # A price that is no draw is in the catalogue.
        ranges = {p["asin"] for p in products if len(p["pricing"]) > 1}
        body = {
            "catalogue": catalogue,
            "seed": seed,
            "prices": {asin: drawn.prices[asin] for asin in sorted(ranges)},
            "limits": list(drawn.limits),
            "order": list(order),
            "test": test,
            "validation": validation,
            "train": train,
        }
        content = json.dumps({"schema": SCHEMA, "sha256": _hash(body), "tasks": body})
        try:
            write_whole(path, content)
        except ArenaError as error:
            raise ArenaError(f"{error}; name another file with tasks= or ARLARENA_CACHE") from error
    return _read(path, products, catalogue, seed)


def _read(path: Path, products: Sequence[Mapping[str, Any]], catalogue: str, seed: int) -> Frozen:
    again = f"delete {path} to draw the tasks again"
    try:
        data = json.loads(path.read_bytes())
        body = data["tasks"]
        intact = data["schema"] == SCHEMA and data["sha256"] == _hash(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArenaError(f"{path} is no task file; {again}") from error
    if not intact:
        raise ArenaError(f"{path} does not match its hash: it was changed; {again}")
    if body["catalogue"] != catalogue or body["seed"] != seed:
        raise ArenaError(f"{path} belongs to another catalogue or seed; name another file")
    unused = random.Random(0)
    prices = {
        p["asin"]: body["prices"][p["asin"]]
        if p["asin"] in body["prices"]
        else draw_price(p, unused)
        for p in products
    }
    draws = Draws(prices, body["limits"], array("I", body["order"]))
    return Frozen(draws, body["test"], body["validation"], body["train"])


def _hash(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
