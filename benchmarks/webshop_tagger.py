"""How often our noun tagger scores a purchase as spaCy's does, the tagger of WebShop's original.

Run with `python -m benchmarks.webshop_tagger`; it needs the extra `spacy`. Goals of the invented
catalogue are met by products bought at random: any, one of the goal's department, and one that the
same words find. What depends on nouns is `r_type`, by which the rest of a score is multiplied.
"""

import argparse
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from arlarena_bench.envs.webshop.catalogue import goals, products
from arlarena_bench.envs.webshop.reward import type_reward
from arlarena_bench.envs.webshop.tagger import Tagger, tagger

PURCHASES = 2000  # of each kind

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two taggers make of the same purchases.

    Attributes:
        kind: Of purchases.
        r_type: Share of those with the same `r_type`.
        matters: Share of those in which `r_type` is not 1 by both taggers.
        title: Mean difference of the title scores, without sign.
    """

    kind: str
    r_type: float
    matters: float
    title: float


KINDS: dict[str, Callable[[Item, Item], bool]] = {
    "any product": lambda goal, product: True,
    "of its department": lambda goal, product: _department(goal) == _department(product),
    "of its query": lambda goal, product: goal["query"] == product["query"],
}


def _department(item: Item) -> str:
    return str(item["product_category"].split("›")[0].strip())


def agreement(kind: str, ours: Tagger, theirs: Tagger, purchases: int = PURCHASES) -> Agreement:
    """Compare two taggers on purchases of one of `KINDS`, the same in every process."""
    rng = random.Random(f"webshop tagger, {kind}")
    sold, wanted = products(), goals()
    pairs = [_drawn(kind, sold, wanted, rng) for _ in range(purchases)]
    scored = [[type_reward(*pair, each) for each in (ours, theirs)] for pair in pairs]
    types = [(one["r_type"], other["r_type"]) for one, other in scored]
    apart = [abs(one["title_score"] - other["title_score"]) for one, other in scored]
    return Agreement(
        kind,
        r_type=sum(one == other for one, other in types) / purchases,
        matters=sum((one, other) != (1.0, 1.0) for one, other in types) / purchases,
        title=sum(apart) / purchases,
    )


def _drawn(
    kind: str, sold: Sequence[Item], wanted: Sequence[Item], rng: random.Random
) -> tuple[Item, Item]:
    goal = rng.choice(wanted)
    fit = [product for product in sold if KINDS[kind](goal, product)]
    return goal, rng.choice(fit)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webshop_tagger")
    parser.add_argument("--purchases", type=int, default=PURCHASES, help="of each kind")
    purchases = parser.parse_args().purchases
    ours, theirs = tagger("words"), tagger("spacy")
    began = time.process_time()
    titles = [product["name"] for product in products()]
    nouns = [({*ours(title)}, {*theirs(title)}) for title in titles]
    seconds = time.process_time() - began
    found = [agreement(kind, ours, theirs, purchases) for kind in KINDS]
    rows = [
        (each.kind, f"{each.r_type:.1%}", f"{each.matters:.1%}", f"{each.title:.3f}")
        for each in found
    ]
    headers = ("purchase", "same r_type", "r_type below 1", "title scores apart")
    print(tabulate(rows, headers, "github", disable_numparse=True))
    common = sum(len(one & other) for one, other in nouns)
    print(
        f"\n{theirs.name} beside {ours.name}, {purchases:,} purchases of each kind\n"
        f"nouns of {len(titles):,} titles: {common / sum(len(o) for o, _ in nouns):.1%} of ours "
        f"are spaCy's, {common / sum(len(t) for _, t in nouns):.1%} of spaCy's are ours "
        f"({seconds:.0f} CPU seconds)"
    )


if __name__ == "__main__":
    main()
