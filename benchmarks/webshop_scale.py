"""WebShop at scale: what it takes to load and search a catalogue as large as the official one.

Run with `python -m benchmarks.webshop_scale 1180000`: that many random entries of 3 KB in the
official format are written to a temporary folder (3.8 GB), loaded, indexed and searched.
"""

import json
import random
import resource
import tempfile
import time
from itertools import accumulate
from pathlib import Path
from string import ascii_lowercase
from typing import Annotated, Any

import typer
from rich.progress import track
from tabulate import tabulate

from arlarena_bench.envs.webshop import Shop

WORDS = 60_000
DEPARTMENTS = ("beauty", "garden", "fashion", "electronics", "grocery")
PICTURE = "https://example.com/images/I/xxxxxxxxxxxxxxxxxxxx.jpg"
QUERIES = 50
MB = 1024  # of the KiB that Linux reports


class Writer:
    """Writes random products: words as rare as words are, options, features, a query each."""

    def __init__(self) -> None:
        self.rng = random.Random(0)
        self.words = [
            "".join(self.rng.choices(ascii_lowercase, k=self.rng.randrange(3, 11)))
            for _ in range(WORDS)
        ]
        self.weights = list(accumulate(1 / (rank + 5) for rank in range(WORDS)))

    def text(self, least: int, below: int) -> str:
        """Return some words."""
        count = self.rng.randrange(least, below)
        return " ".join(self.rng.choices(self.words, cum_weights=self.weights, k=count))

    def options(self) -> Any:
        """Return the options of a product; the official files have `""` for none."""
        if self.rng.random() < 0.5:
            return ""
        return {
            "Color": [
                {"value": self.text(1, 3), "image": PICTURE}
                for _ in range(self.rng.randrange(1, 8))
            ],
            "Size": [
                {"value": self.text(1, 3), "image": None} for _ in range(self.rng.randrange(6))
            ],
        }

    def product(self, asin: str) -> dict[str, Any]:
        """Return an entry of `items_shuffle.json`."""
        price = f"${self.rng.uniform(3, 300):.2f}"
        return {
            "asin": asin,
            "name": self.text(8, 25),
            "full_description": self.text(0, 220),
            "small_description": [self.text(8, 35) for _ in range(5)],
            "pricing": price if self.rng.random() < 0.6 else "$5.00 to $9.00",
            "customization_options": self.options(),
            "category": self.rng.choice(DEPARTMENTS),
            "query": self.rng.choice(self.words[:500]),
            "product_category": " › ".join(self.rng.choices(self.words[:60], k=4)),
            "images": [PICTURE] * 6,
            "product_information": {self.text(1, 3): self.text(1, 5) for _ in range(10)},
            "brand": self.text(1, 2),
        }

    def attributes(self) -> dict[str, Any]:
        """Return an entry of `items_ins_v2.json`; every other product is asked for."""
        found: dict[str, Any] = {"attributes": [self.text(1, 3) for _ in range(3)]}
        if self.rng.random() < 0.5:
            found["instruction"] = f"Find me {self.text(5, 10)}"
            found["instruction_attributes"] = found["attributes"][:2]
        return found


def write(items: Path, attributes: Path, count: int) -> None:
    """Write both files."""
    writer = Writer()
    with items.open("w", encoding="utf-8") as sold, attributes.open("w", encoding="utf-8") as known:
        for number in track(range(count), "writing"):
            asin = f"B{number:09d}"
            sold.write("," if number else "[")
            json.dump(writer.product(asin), sold)
            known.write(("," if number else "{") + f'"{asin}": ')
            json.dump(writer.attributes(), known)
        sold.write("]")
        known.write("}")


def memory() -> tuple[float, float]:
    """Return the megabytes in use now, and at the peak."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    now = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return now / MB, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


def main(products: Annotated[int, typer.Argument(min=1)] = 50_000) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as place:
        items, attributes = Path(place, "items.json"), Path(place, "attributes.json")
        write(items, attributes, products)
        size = items.stat().st_size / products
        rows = []

        def note(what: str, started: float) -> None:
            rows.append([what, f"{time.process_time() - started:.1f}", *map(round, memory())])

        note("before", time.process_time())
        started = time.process_time()
        shop = Shop.load(
            items, attributes, products=products, tasks=Path(place, "tasks.json"), tagger="words"
        )
        note("loaded", started)
        started = time.process_time()
        shop.search("one")
        note("indexed", started)
        started = time.process_time()
        for goal in shop.goals[:QUERIES]:
            shop.search(goal["instruction_text"][:60])
        query = 1000 * (time.process_time() - started) / min(QUERIES, len(shop.goals))
        print(tabulate(rows, ["", "CPU s", "MB", "MB at the peak"], tablefmt="github"))
        print(
            f"\n{products:,} products of {size:,.0f} bytes, {len(shop.goals):,} goals, "
            f"{query:.1f} CPU ms a query"
        )


if __name__ == "__main__":
    typer.run(main)
