"""The frozen validation and test levels, and how they were made.

`python -m arlarena_bench.envs.sokoban.panels` makes all of them again and says whether the files
are the same; `--write` replaces the files.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from arlarena_bench.errors import ArenaError
from arlarena_bench.frozen import frozen_command
from arlarena_bench.panel import Panel
from arlarena_bench.task_set import (
    HELD_OUT,
    HIDDEN,
    FrozenTasks,
    file_name,
    hidden_name,
    sha256,
)

from .board import canonical, symmetries
from .generator import Generator, Level

FOLDER = Path(__file__).parent / "frozen-levels"
TASKS = 512
MADE_FOR = (Generator(rows=6, columns=6, boxes=1), Generator(rows=6, columns=6, boxes=2))


class FrozenLevel(NamedTuple):
    """A level of a panel: its board and the moves of a shortest solution."""

    text: str
    moves: int


class Levels(FrozenTasks[FrozenLevel]):
    """The levels that a generator makes, and the panels among them.

    Args:
        generator: Makes the training levels; panels hold those within its range of moves.
    """

    def __init__(self, generator: Generator) -> None:
        shortest, longest = generator.min_moves, generator.max_moves
        kind = kind_of(generator)
        name = f"sokoban-{kind}"
        if (shortest, longest) != (1, None):
            name += f"-{shortest}to{longest or 'any'}moves"
        super().__init__(name, FOLDER, kind, HELD_OUT if kind in KINDS else ())
        self.generator = generator

    def panel(self, split: str) -> Panel:
        """Return the levels of a panel.

        Raises:
            ArenaError: If there is no such panel for these levels, or it is empty.
        """
        if split in HELD_OUT and not self.splits:
            raise ArenaError(f"{self.name} has no {split} panel, only {' and '.join(KINDS)} have")
        if split in self.splits and not self.frozen(split):
            raise ArenaError(f"{self.name}'s {split} panel is empty; widen min_moves and max_moves")
        return super().panel(split)

    def parse(self, content: str) -> dict[str, FrozenLevel]:
        """Read a panel's file; return its levels by the numbers that their headers write."""
        levels = {}
        shortest, longest = self.generator.min_moves, self.generator.max_moves
        for block in content.strip().split("\n\n"):
            header, text = block.split("\n", maxsplit=1)
            number, words = header.removeprefix("; ").removesuffix(" moves").split(": ")
            moves = int(words)
            if shortest <= moves <= (longest or moves):
                levels[number] = FrozenLevel(text, moves)
        return levels

    def digest(self, record: FrozenLevel) -> str:
        """Return the SHA-256 of a board."""
        return sha256(record.text)

    def level(self, task_id: str) -> Level | None:
        """Make the level of a training task or a hidden one; None for one of a panel.

        It is none of a panel in any symmetry.
        """
        if (number := self.training(task_id)) is not None:
            rng = stream(self.kind, "train", number)
        elif (hidden := hidden_name(task_id)) is not None:
            rng = stream(self.kind, HIDDEN, hidden[0])
        else:
            return None
        return self.generator.level(rng, held_out(self.kind))

    def identity(self, task_id: str) -> str:
        """Return a task's board, the same in all symmetries."""
        level = self.level(task_id)
        return canonical(self.find(task_id).text if level is None else level.text)


def kind_of(generator: Generator) -> str:
    """Return the name of the levels a generator makes, for example `"6x6-1box"`."""
    boxes = f"{generator.boxes}box{'es' if generator.boxes > 1 else ''}"
    return f"{generator.rows}x{generator.columns}-{boxes}"


KINDS = tuple(kind_of(generator) for generator in MADE_FOR)


@lru_cache(maxsize=64)
def levels(generator: Generator) -> Levels:
    """Return the levels of a generator, one set for the whole process."""
    return Levels(generator)


def stream(*name: object) -> Random:
    """Return the random stream of that name, the same in every process."""
    text = "/".join(("arlarena", "Sokoban-v0", *map(str, name)))
    return Random(int.from_bytes(hashlib.sha256(text.encode()).digest()))


@lru_cache
def held_out(kind: str) -> frozenset[str]:
    """Return every board of the panels of `kind`, in all symmetries; training avoids them."""
    if kind not in KINDS:
        return frozenset()
    every = levels(MADE_FOR[KINDS.index(kind)])
    boards = (level.text for split in HELD_OUT for level in every.frozen(split).values())
    return frozenset(image for text in boards for image in symmetries(text))


def make(generator: Generator) -> dict[str, str]:
    """Make the panels of one kind; return the content of each file by its name.

    Levels are drawn from one stream, repetitions under the symmetries dropped, and dealt to the
    splits in turn, so that both have the same distribution.
    """
    kind = kind_of(generator)
    rng = stream(kind, "panels")
    blocks: dict[str, list[str]] = {split: [] for split in HELD_OUT}
    seen: set[str] = set()
    while len(seen) < TASKS * len(HELD_OUT):
        level = generator.level(rng)
        if canonical(level.text) in seen:
            continue
        split = blocks[HELD_OUT[len(seen) % len(HELD_OUT)]]
        split.append(f"; {len(split):04d}: {len(level.solution)} moves\n{level.text}\n")
        seen.add(canonical(level.text))
    return {file_name(kind, split): "\n".join(blocks[split]) for split in HELD_OUT}


def main() -> None:
    """Draw the panels again; compare them with the files or write them."""
    files = {
        name: text.encode() for generator in MADE_FOR for name, text in make(generator).items()
    }
    frozen_command("arlarena_bench.envs.sokoban.panels", __doc__, FOLDER, files)


if __name__ == "__main__":
    main()
