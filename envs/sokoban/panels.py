"""The frozen validation and test levels, and how they were made.

`python -m arlarena_bench.envs.sokoban.panels` makes all of them again and says whether the files
are the same; `--write` replaces the files.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.frozen import frozen_command, read_frozen

from .board import canonical, symmetries
from .generator import Generator

FOLDER = Path(__file__).parent / "frozen-levels"
SPLITS = ("validation", "test")
TASKS = 512
MADE_FOR = (Generator(rows=6, columns=6, boxes=1), Generator(rows=6, columns=6, boxes=2))


class FrozenLevel(NamedTuple):
    """A level of a panel: its board and the moves of a shortest solution."""

    text: str
    moves: int


def kind_of(generator: Generator) -> str:
    """Return the name of the levels a generator makes, for example `"6x6-1box"`."""
    boxes = f"{generator.boxes}box{'es' if generator.boxes > 1 else ''}"
    return f"{generator.rows}x{generator.columns}-{boxes}"


KINDS = tuple(kind_of(generator) for generator in MADE_FOR)


def stream(*name: object) -> Random:
    """Return the random stream of that name, the same in every process."""
    text = "/".join(("arlarena", "Sokoban-v0", *map(str, name)))
    return Random(int.from_bytes(hashlib.sha256(text.encode()).digest()))


def digest(levels: Iterable[FrozenLevel]) -> str:
    """Return the SHA-256 of the boards, in their order."""
    return hashlib.sha256("\n\n".join(level.text for level in levels).encode()).hexdigest()


@lru_cache
def frozen(kind: str, split: str) -> dict[str, FrozenLevel]:
    """Read one panel, by the number of the level as its header writes it.

    Raises:
        ArenaError: If there is no such panel, or its file is missing or was changed.
    """
    if split not in SPLITS:
        raise unknown("panel of Sokoban", split, SPLITS)
    if kind not in KINDS:
        raise ArenaError(f"Sokoban has no {split} panel for {kind}, only for {' and '.join(KINDS)}")
    path = FOLDER / _file_name(kind, split)
    content = read_frozen(path).decode()
    levels = {}
    for block in content.strip().split("\n\n"):
        header, text = block.split("\n", maxsplit=1)
        number, moves = header.removeprefix("; ").removesuffix(" moves").split(": ")
        levels[number] = FrozenLevel(text, int(moves))
    return levels


@lru_cache
def held_out(kind: str) -> frozenset[str]:
    """Return every board of the panels of `kind`, in all symmetries; training avoids them."""
    if kind not in KINDS:
        return frozenset()
    levels = [level for split in SPLITS for level in frozen(kind, split).values()]
    return frozenset(image for level in levels for image in symmetries(level.text))


def make(generator: Generator) -> dict[str, str]:
    """Make the panels of one kind; return the content of each file by its name.

    Levels are drawn from one stream, repetitions under the symmetries dropped, and dealt to the
    splits in turn, so that both have the same distribution.
    """
    kind = kind_of(generator)
    rng = stream(kind, "panels")
    blocks: dict[str, list[str]] = {split: [] for split in SPLITS}
    seen: set[str] = set()
    while len(seen) < TASKS * len(SPLITS):
        level = generator.level(rng)
        if canonical(level.text) in seen:
            continue
        split = blocks[SPLITS[len(seen) % len(SPLITS)]]
        split.append(f"; {len(split):04d}: {len(level.solution)} moves\n{level.text}\n")
        seen.add(canonical(level.text))
    return {_file_name(kind, split): "\n".join(blocks[split]) for split in SPLITS}


def _file_name(kind: str, split: str) -> str:
    return f"{kind}-{split}.txt"


def main() -> None:
    """Draw the panels again; compare them with the files or write them."""
    files = {
        name: text.encode() for generator in MADE_FOR for name, text in make(generator).items()
    }
    frozen_command("arlarena_bench.envs.sokoban.panels", __doc__, FOLDER, files)


if __name__ == "__main__":
    main()
