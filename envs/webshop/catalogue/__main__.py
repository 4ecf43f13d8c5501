"""Draw the invented catalogue again; compare it with the shipped files or write them."""

import json
from typing import Any

from arlarena_bench.frozen import frozen_command

from . import ATTRIBUTES, FOLDER, ITEMS, REQUESTS, REVIEWS
from .instructions import attribute_entry, spoken_entries
from .items import draw_items


def make() -> dict[str, bytes]:
    """Draw everything; return the content of each file by its name."""
    items = draw_items()
    requests = {item.entry["asin"]: spoken_entries(item) for item in items}
    return {
        ITEMS: _json([item.entry for item in items]),
        ATTRIBUTES: _json({item.entry["asin"]: attribute_entry(item) for item in items}),
        REQUESTS: _json({asin: entries for asin, entries in requests.items() if entries}),
        REVIEWS: _json([item.reviews for item in items]),
    }


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


if __name__ == "__main__":
    frozen_command("arlarena_bench.envs.webshop.catalogue", __doc__, FOLDER, make())
