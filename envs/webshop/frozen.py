"""Files of frozen tasks: a line a task, `<number> <index of the goal> <SHA-256 of the goal>`."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from arlarena_bench.errors import ArenaError
from arlarena_bench.frozen import read_frozen
from arlarena_bench.task_set import sha256

FOLDER = Path(__file__).parent / "frozen-tasks"

Goal = Mapping[str, Any]


class GoalsByIndex(Protocol):
    """Goals that are found by their index."""

    def __getitem__(self, index: int, /) -> Goal: ...


_KEYS = ("asin", "instruction_text", "attributes", "goal_options", "price_upper")


def goal_digest(goal: Goal) -> str:
    """Return the SHA-256 of everything that a goal says and asks for."""
    content = json.dumps([goal[key] for key in _KEYS], ensure_ascii=False)
    return sha256(content)


def write(goals: GoalsByIndex, indices: Iterable[int]) -> str:
    """Return the content of a panel's file."""
    return "".join(
        f"{number:04d} {index} {goal_digest(goals[index])}\n"
        for number, index in enumerate(indices)
    )


def read(name: str, goals: GoalsByIndex) -> dict[str, int]:
    """Return the index of each goal of a panel, by the number of its task.

    Raises:
        ArenaError: If the file is missing or was changed, or a goal is not what it was.
    """
    found = {}
    for line in read_frozen(FOLDER / name).decode().splitlines():
        number, index, expected = line.split()
        if goal_digest(goals[int(index)]) != expected:
            raise ArenaError(f"{name}: task {number} is not the published one; reinstall")
        found[number] = int(index)
    return found
