"""The original's own files: `items_shuffle`, `items_ins_v2`, `items_human_ins`, `reviews`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from arlarena_bench.errors import ArenaError, unknown

from .goals import Goals, human_instructions, rule_instructions
from .products import normalise
from .tasks import TEST, draw, frozen

SPLITS = ("frozen", "reference")
_CHUNK = 1 << 24
_BETWEEN = " \t\r\n,"


class Loaded(NamedTuple):
    """What the files hold, with everything drawn that the original draws."""

    products: Sequence[Mapping[str, Any]]
    goals: Goals
    prices: Mapping[str, float]
    splits: Mapping[str, Sequence[int]]


def load(
    items: str | Path,
    attributes: str | Path,
    human_goals: str | Path | None,
    seed: int,
    *,
    splits: str,
    first: int | None,
    reviews: str | Path | None,
    tasks: str | Path | None,
) -> Loaded:
    """Load the files; see `Shop.load`."""
    if splits not in SPLITS:
        raise unknown("splits", splits, SPLITS)
    products = list(_products(Path(items), attributes, human_goals, reviews, first))
    if not products:
        raise ArenaError(f"{items}: no products; the catalogue is empty")
    try:
        instructions = (rule_instructions if human_goals is None else human_instructions)(products)
    except ArenaError as error:
        raise ArenaError(f"{human_goals}, {error}") from error
    if splits == "reference":
        draws = draw(products, instructions, seed)
        goals = Goals(instructions, draws.limits, draws.order)
        positions = _reference_splits(len(goals))
        return Loaded(products, goals, draws.prices, positions)
    kept = frozen(products, instructions, seed, None if tasks is None else Path(tasks))
    goals = Goals(instructions, kept.draws.limits, kept.draws.order)
    return Loaded(products, goals, kept.draws.prices, kept.splits)


def entries(path: Path) -> Iterator[Any]:
    """Yield the entries of a JSON list one at a time: the whole catalogue has 5 GB.

    Raises:
        ArenaError: If the file is missing, or no list of JSON values.
    """
    decode = json.JSONDecoder().raw_decode
    try:
        with path.open(encoding="utf-8") as file:
            buffer = file.read(_CHUNK).lstrip()
            if not buffer.startswith("["):
                raise ArenaError(f"{path} does not begin with a JSON list of products")
            buffer = buffer[1:]
            while True:
                at = 0
                while True:
                    at = _skip(buffer, at)
                    try:
                        entry, at = decode(buffer, at)
                    except (ValueError, RecursionError):
                        break
                    yield entry
                more = file.read(_CHUNK)
                if not more:
                    break
                buffer = buffer[at:] + more
            if buffer[at:].strip() != "]":
                raise ArenaError(f"{path} ends in the middle of a product, or is no valid JSON")
    except (OSError, UnicodeDecodeError) as error:
        raise ArenaError(f"cannot read {path}: {error}") from error


def _skip(buffer: str, at: int) -> int:
    while at < len(buffer) and buffer[at] in _BETWEEN:
        at += 1
    return at


def _products(
    items: Path,
    attributes: str | Path,
    human_goals: str | Path | None,
    reviews: str | Path | None,
    first: int | None,
) -> Iterator[dict[str, Any]]:
    described = _object(Path(attributes))
    written = None if human_goals is None else _object(Path(human_goals))
    reviewed = {} if reviews is None else _reviews(Path(reviews))
    seen: set[str] = set()
    for number, entry in enumerate(islice(entries(items), first)):
        asin = str(entry.get("asin")) if isinstance(entry, dict) else ""
        if asin in seen:
            continue
        try:
            product = normalise(
                entry,
                described.get(asin),
                None if written is None else written.get(asin),
                reviewed.get(asin),
            )
        except ArenaError as error:
            raise ArenaError(f"{items}, entry {number}: {error}") from error
        if product is not None:
            seen.add(product["asin"])
            yield product


def _reviews(path: Path) -> dict[str, Any]:
    reviewed = {}
    for number, entry in enumerate(entries(path)):
        if not isinstance(entry, dict) or not isinstance(entry.get("asin"), str):
            raise ArenaError(f"{path}, entry {number}: no text under 'asin'")
        reviewed[entry["asin"]] = entry
    return reviewed


def _object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ArenaError(f"{path} is no valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise ArenaError(f"{path} is no JSON object of asins")
    return data


def _reference_splits(goals: int) -> dict[str, range]:
    """Return the positions that verl-agent tests and trains on, in a worker's own order."""
    held = min(TEST, goals)
    return {"train": range(held, goals), "validation": range(held), "test": range(held)}
