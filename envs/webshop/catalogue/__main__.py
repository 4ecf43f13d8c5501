"""Draw the invented catalogue again; compare it with the shipped files or write them."""

import argparse
import gzip
import hashlib
import json
from typing import Any

from arlarena_bench.files import write_whole
from arlarena_bench.frozen import CHECKSUMS

from . import ATTRIBUTES, FOLDER, ITEMS, REQUESTS, REVIEWS
from .instructions import attribute_entry, spoken_entries
from .items import draw_items


def make() -> dict[str, bytes]:
    """Draw everything; return the content of each file, not yet compressed, by its name."""
    items = draw_items()
    requests = {item.entry["asin"]: spoken_entries(item) for item in items}
    return {
        ITEMS: _json([item.entry for item in items]),
        ATTRIBUTES: _json({item.entry["asin"]: attribute_entry(item) for item in items}),
        REQUESTS: _json({asin: entries for asin, entries in requests.items() if entries}),
        REVIEWS: _json([item.reviews for item in items]),
    }


def changed(files: dict[str, bytes]) -> list[str]:
    """Return the names of the shipped files that hold something else.

    What is compared is the content: compressors differ between machines.
    """
    return [
        name
        for name, content in files.items()
        if not (path := FOLDER / name).exists() or gzip.decompress(path.read_bytes()) != content
    ]


def write(files: dict[str, bytes]) -> None:
    """Replace the shipped files and their sums."""
    sums = []
    for name, content in sorted(files.items()):
        data = gzip.compress(content, compresslevel=9, mtime=0)
        write_whole(FOLDER / name, data)
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
    write_whole(FOLDER / CHECKSUMS, "".join(sums))


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


def main() -> None:
    """Compare, or write with `--write`."""
    parser = argparse.ArgumentParser(prog="arlarena_bench.envs.webshop.catalogue")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="only compare (the default)")
    choice.add_argument("--write", action="store_true", help="replace the files")
    files = make()
    if parser.parse_args().write:
        write(files)
    differing = changed(files)
    print(f"differs: {', '.join(differing)}" if differing else f"{len(files)} files are as made")
    raise SystemExit(bool(differing))


if __name__ == "__main__":
    main()
