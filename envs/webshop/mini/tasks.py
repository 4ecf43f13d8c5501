"""The reduced shop's tasks: any number of them to train on, and two frozen panels."""

import re
from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.task_set import HELD_OUT, HIDDEN, file_name, hidden_name, sha256

from .. import frozen
from ..goals import content
from ..shop import Shop
from ..shop_tasks import ShopTasks
from .shop import mini_shop

TASKS_OF = {"validation": 512, "test": 512}
# Tasks in one shop stand and fall together: a panel has many shops, and none of another split.
SHOPS = {"train": 32, "validation": 16, "test": 16}
_LETTERS = {"train": "t", "validation": "v", "test": "e"}
_BITS = 62
# In its shortest form, so that a task has one id.
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class Reduced(ShopTasks):
    """Reduced shops: those of training, and others for validation and for test."""

    tagger = "words"

    def __init__(self) -> None:
        super().__init__("webshop-mini", HELD_OUT)

    def find(self, task_id: str) -> tuple[Shop, int]:
        """Return the shop of a task and the index of its goal.

        Raises:
            ArenaError: If there is no such task.
        """
        name, goal = _place(task_id)
        return mini_shop(name), goal

    def cluster(self, task_id: str) -> str:
        """Return the name of the task's shop."""
        return _place(task_id)[0]

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of each goal of a panel, by its task."""
        goals = _AllGoals(split)
        return {
            f"{split}/{number}": frozen.goal_digest(goals[index])
            for number, index in numbers(split).items()
        }

    def identity(self, task_id: str) -> str:
        """Return the words of a goal; of training, whose shops are others, all that it asks for."""
        name, index = _place(task_id)
        goal = mini_shop(name).goals[index]
        trained = task_id.startswith("train/")
        return frozen.goal_digest(goal) if trained else str(goal["instruction_text"])

    def draw(self, rng: Random) -> str:
        """Draw one of 2^62 training tasks."""
        return f"train/{rng.getrandbits(_BITS)}"


class _AllGoals:
    """The goals of all shops of a split, the first of each shop before the second of any."""

    def __init__(self, split: str) -> None:
        self._split = split

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        name, goal = _shop_and_goal(self._split, index)
        return mini_shop(name).goals[goal]


def _shop_and_goal(split: str, index: int) -> tuple[str, int]:
    goal, shop = divmod(index, SHOPS[split])
    return f"{_LETTERS[split]}{shop:02d}", goal


def _place(task_id: str) -> tuple[str, int]:
    split, _, number = task_id.partition("/")
    if split == "train" and _NUMBER.fullmatch(number) and int(number) < 2**_BITS:
        return _shop_and_goal(split, int(number))
    if split in TASKS_OF and number in numbers(split):
        return _shop_and_goal(split, numbers(split)[number])
    if (hidden := hidden_name(task_id)) is not None:
        return _hidden(*hidden)
    raise ArenaError(
        f"no task {task_id!r}: the reduced WebShop has train/<integer from 0>, "
        "validation/0000 to 0511 and test/0000 to 0511"
    )


def _hidden(drawn_from: str, place: int) -> tuple[str, int]:
    """Return shop and goal of a hidden task: new shops, as many as the test panel has."""
    seed, _, draw = drawn_from.split("/")
    goal, shop = divmod(place, SHOPS["test"])
    name = sha256(f"{HIDDEN}/{seed}/{shop}")[:8]
    return name, goal + int(draw) * TASKS_OF["test"]


@lru_cache
def numbers(split: str) -> dict[str, int]:
    """Return the index of each goal of a panel, by the number in its task's id.

    Raises:
        ArenaError: If the file is missing or was changed, or goals are drawn otherwise now.
    """
    return frozen.read(file_name("mini", split), _AllGoals(split))


def make() -> dict[str, str]:
    """Deal the panels' tasks, as many in each shop; return the files by name.

    A task asks for something else than those before it in its shop, and in words that neither
    panel has used before. Tasks go round the shops, so that the first of a panel are in all.
    """
    files = {}
    said: set[str] = set()
    for split, count in TASKS_OF.items():
        goals, shops = _AllGoals(split), SHOPS[split]
        chosen: dict[str, int] = {}
        following = list(range(shops))
        while len(chosen) < count:
            shop = len(chosen) % shops
            index = following[shop]
            following[shop] += shops
            goal = goals[index]
            if goal["instruction_text"] not in said and content(goal) not in chosen:
                said.add(goal["instruction_text"])
                chosen[content(goal)] = index
        files[file_name("mini", split)] = frozen.write(goals, chosen.values())
    return files
