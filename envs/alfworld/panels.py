"""The frozen validation and test tasks, and how they were drawn.

`python -m arlarena_bench.envs.alfworld.panels` draws all of them again and says whether the files
are the same; `--write` replaces the files.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from arlarena_bench.errors import unknown
from arlarena_bench.frozen import frozen_command, read_frozen

from .draw import Draw
from .generator import Household
from .goals import TASKS
from .mini import MiniHousehold
from .tasks import Task

FOLDER = Path(__file__).parent / "frozen-tasks"
SPLITS = ("validation", "test")
SIZES: dict[str, Household | MiniHousehold] = {"full": Household(), "mini": MiniHousehold()}
# As many as ALFWorld's `valid_seen` and `valid_unseen`, and in rooms as familiar.
TASKS_OF = {
    "full": {"validation": 140, "test": 134},
    "mini": {"validation": 512, "test": 512},
}
IN_SEEN_ROOMS = {"validation": True, "test": False}


class FrozenTask(NamedTuple):
    """A task of a panel, and the digest its scene must have."""

    task: Task
    digest: str


@lru_cache
def frozen(size: str, split: str) -> dict[str, FrozenTask]:
    """Read one panel, by the number of the task.

    Raises:
        ArenaError: If there is no such panel, or its file is missing or was changed.
    """
    if split not in SPLITS:
        raise unknown("panel of ALFWorld", split, SPLITS)
    path = FOLDER / _file_name(size, split)
    content = read_frozen(path).decode()
    tasks = {}
    for line in content.splitlines():
        number, name, digest = line.split()
        tasks[number] = FrozenTask(Task.parse(name), digest)
    return tasks


@lru_cache
def held_out(size: str) -> frozenset[str]:
    """Return the digest of every scene of the panels; training avoids them."""
    return frozenset(task.digest for split in SPLITS for task in frozen(size, split).values())


def digest(tasks: Iterable[FrozenTask]) -> str:
    """Return the SHA-256 of the scenes and goals, in their order."""
    return hashlib.sha256("\n".join(task.digest for task in tasks).encode()).hexdigest()


def make(size: str) -> dict[str, str]:
    """Draw the panels of one size; return the content of each file by its name.

    The types of task take turns. A scene with its goal comes once.
    """
    draw = Draw(size, "panels")
    seen: set[str] = set()
    files = {}
    for split, count in TASKS_OF[size].items():
        lines: list[str] = []
        while len(lines) < count:
            kind = TASKS[len(lines) % len(TASKS)]
            task = SIZES[size].draw(draw, seen=IN_SEEN_ROOMS[split], task=kind)
            scene = SIZES[size].scene(task)
            if scene.digest not in seen:
                seen.add(scene.digest)
                lines.append(f"{len(lines):04d} {task} {scene.digest}\n")
        files[_file_name(size, split)] = "".join(lines)
    return files


def _file_name(size: str, split: str) -> str:
    return f"{size}-{split}.txt"


def main() -> None:
    """Draw the panels again; compare them with the files or write them."""
    files = {name: text.encode() for size in SIZES for name, text in make(size).items()}
    frozen_command("arlarena_bench.envs.alfworld.panels", __doc__, FOLDER, files)


if __name__ == "__main__":
    main()
