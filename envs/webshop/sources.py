"""Where tasks come from: the invented catalogue, or the original's own files."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random

from arlarena_bench.errors import ArenaError
from arlarena_bench.task_set import SPLITS

from . import catalogue, frozen, panels
from .shop import Shop
from .shop_tasks import ShopTasks

CATALOGUES = {"small": "_1000", "full": ""}


@lru_cache
def shop(tagger: str) -> Shop:
    """Return the one shop of the invented catalogue that the whole process shares."""
    made = Shop(*catalogue.catalogue(), prices=catalogue.prices(), tagger=tagger)
    return made.made_by(shop, tagger)


class Invented(ShopTasks):
    """The invented catalogue; tasks are `<split>/<number>`."""

    def __init__(self, tagger: str) -> None:
        super().__init__("webshop")
        self._shop = shop(tagger)

    @property
    def tagger(self) -> str:
        """The name of the tagger that rewards are computed with."""
        return self._shop.tagger

    def find(self, task_id: str) -> tuple[Shop, int]:
        """Return the shop and the index of the task's goal.

        Raises:
            ArenaError: If there is no such task.
        """
        split, _, number = task_id.partition("/")
        numbers = panels.numbers(split) if split in SPLITS else {}
        if number not in numbers:
            raise ArenaError(
                f"no task {task_id!r}: WebShop has train/0000, …, validation/0000 to 0499 and "
                "test/0000 to 0499"
            )
        return self._shop, numbers[number]

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of each goal of a split, by its task."""
        return _digests(split)


@lru_cache
def _digests(split: str) -> Mapping[str, str]:
    goals = catalogue.goals()
    return {
        f"{split}/{number}": frozen.goal_digest(goals[index])
        for number, index in panels.numbers(split).items()
    }


class Official(ShopTasks):
    """The original's files in a folder; tasks are `official/<split>/<position>`.

    Args:
        folder: Where `items_shuffle*.json`, `items_ins_v2*.json` and, for goals that people
            wrote, `items_human_ins.json` lie.
        catalogue: `small` for the files of 1,000 products, `full` for all of them.
        goals: `synthetic` or `human`.
        splits: `frozen` or `reference`; see `Shop.load`.
        seed: What prices, price limits and the order of the goals are drawn from.
        tagger: See `Shop`.

    Raises:
        ArenaError: If a file is missing or broken.
    """

    def __init__(
        self, folder: str | Path, catalogue: str, goals: str, splits: str, seed: int, tagger: str
    ) -> None:
        root = Path(str(folder)).expanduser()
        suffix = CATALOGUES[catalogue]
        items = root / f"items_shuffle{suffix}.json"
        if not items.exists():
            raise ArenaError(
                f"no WebShop data at {root}: expected {items.name}, as WebShop's setup.sh "
                "downloads it; or leave out data="
            )
        self._shop = _official_shop(root, suffix, goals == "human", splits, seed, tagger)
        self.comparable = self._shop.comparable
        name = f"webshop-official-{catalogue}-{goals}"
        super().__init__(name if self.comparable else f"{name}-{splits}")

    @property
    def tagger(self) -> str:
        """The name of the tagger that rewards are computed with."""
        return self._shop.tagger

    def find(self, task_id: str) -> tuple[Shop, int]:
        """Return the shop and the index of the task's goal.

        Raises:
            ArenaError: If there is no such task.
        """
        source, _, rest = task_id.partition("/")
        split, _, number = rest.partition("/")
        positions: Mapping[str, Sequence[int]] = self._shop.splits
        known = source == "official" and split in positions and number.isdecimal()
        if not known or str(int(number)) != number or int(number) >= len(positions[split]):
            raise ArenaError(
                f"no task {task_id!r}: with data=, ids are official/<split>/<position>, with a "
                f"split of {', '.join(SPLITS)}"
            )
        return self._shop, positions[split][int(number)]

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of each goal of a split, by its task.

        Raises:
            ArenaError: If it is empty.
        """
        positions = self._shop.splits[split]
        if not positions:
            raise ArenaError(f"{self.name} has too few goals for a {split} panel")
        return {
            f"official/{split}/{number}": frozen.goal_digest(self._shop.goals[position])
            for number, position in enumerate(positions)
        }

    def is_held_out(self, task_id: str) -> bool:
        """Return whether a goal is not of the training split, which may hold millions."""
        return not task_id.startswith("official/train/")

    def draw(self, rng: Random) -> str:
        """Draw a goal of the training split, of which there may be millions."""
        return f"official/train/{rng.randrange(len(self._shop.splits['train']))}"


@lru_cache(maxsize=4)
def _official_shop(
    root: Path, suffix: str, human: bool, splits: str, seed: int, tagger: str
) -> Shop:
    loaded = Shop.load(
        root / f"items_shuffle{suffix}.json",
        root / f"items_ins_v2{suffix}.json",
        root / "items_human_ins.json" if human else None,
        seed,
        splits="reference" if splits == "reference" else "frozen",
        tagger=tagger,
    )
    return loaded.made_by(_official_shop, root, suffix, human, splits, seed, tagger)
