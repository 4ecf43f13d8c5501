"""The reduced shop's tasks: any number of them to train on, and two frozen panels."""

from collections.abc import Mapping
from functools import lru_cache
from random import Random

from arlarena_bench.errors import ArenaError
from arlarena_bench.task_set import HELD_OUT, file_name

from .. import frozen
from ..goals import content
from ..shop import Shop
from ..shop_tasks import ShopTasks
from .shop import mini_shop

TASKS_OF = {"validation": 512, "test": 512}
TRAINING_SHOPS = 32
_BITS = 62


class Reduced(ShopTasks):
    """Reduced shops: those of training, and one each for validation and test."""

    tagger = "words"

    def __init__(self) -> None:
        super().__init__("webshop-mini", HELD_OUT)

    def find(self, task_id: str) -> tuple[Shop, int]:
        """Return the shop of a task and the index of its goal.

        Raises:
            ArenaError: If there is no such task.
        """
        split, _, number = task_id.partition("/")
        if split == "train" and number.isdecimal() and str(int(number)) == number:
            goal, shop = divmod(int(number), TRAINING_SHOPS)
            if int(number) < 2**_BITS:
                return mini_shop(f"t{shop:02d}"), goal
        if split in TASKS_OF and number in numbers(split):
            return mini_shop(split), numbers(split)[number]
        raise ArenaError(
            f"no task {task_id!r}: the reduced WebShop has train/<integer from 0>, "
            "validation/0000 to 0511 and test/0000 to 0511"
        )

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of each goal of a panel, by its task."""
        goals = mini_shop(split).goals
        return {
            f"{split}/{number}": frozen.goal_digest(goals[index])
            for number, index in numbers(split).items()
        }

    def draw(self, rng: Random) -> str:
        """Draw one of 2^62 training tasks."""
        return f"train/{rng.getrandbits(_BITS)}"


@lru_cache
def numbers(split: str) -> dict[str, int]:
    """Return the index of each goal of a panel, by the number in its task's id.

    Raises:
        ArenaError: If the file is missing or was changed, or goals are drawn otherwise now.
    """
    return frozen.read(file_name("mini", split), mini_shop(split).goals)


def make() -> dict[str, str]:
    """Take the first goals of each panel's shop that differ; return the files by name."""
    files = {}
    for split, count in TASKS_OF.items():
        goals = mini_shop(split).goals
        chosen: dict[str, int] = {}
        index = 0
        while len(chosen) < count:
            chosen.setdefault(content(goals[index]), index)
            index += 1
        files[file_name("mini", split)] = frozen.write(goals, chosen.values())
    return files
