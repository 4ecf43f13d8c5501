"""The frozen tasks of the invented catalogues, and how they were dealt to the splits.

`python -m arlarena_bench.envs.webshop.panels` deals them again and says whether the files are the
same; `--write` replaces the files.
"""

from functools import lru_cache

from arlarena_bench.frozen import frozen_command
from arlarena_bench.task_set import file_name

from . import catalogue, frozen
from .draw import Draw
from .mini import tasks as mini

TASKS_OF = {"validation": 500, "test": 500}
PER_PRODUCT = 3
"""Most goals of one product in a panel: near-repetitions say little."""


@lru_cache
def numbers(split: str) -> dict[str, int]:
    """Return the index of each goal of a split, by the number in its task's id.

    Of `train` are all goals of the products that neither panel asks for.

    Raises:
        ArenaError: If a panel's file is missing or was changed, or the catalogue is another.
    """
    goals = catalogue.goals()
    if split == "train":
        held = {goals[index]["asin"] for name in TASKS_OF for index in numbers(name).values()}
        train = [index for index, goal in enumerate(goals) if goal["asin"] not in held]
        return {f"{number:04d}": index for number, index in enumerate(train)}
    return frozen.read(file_name("full", split), goals)


def make() -> dict[str, str]:
    """Deal the tasks; return the content of each file by its name.

    Each product is in one split only. The panels of the reduced shop are here as well.
    """
    goals = catalogue.goals()
    by_product: dict[str, list[int]] = {}
    for index, goal in enumerate(goals):
        by_product.setdefault(goal["asin"], []).append(index)
    products = iter(Draw("panels").shuffled(sorted(by_product)))
    files = {}
    for split, count in TASKS_OF.items():
        chosen: list[int] = []
        while len(chosen) < count:
            asin = next(products)
            chosen += Draw("panels", asin).shuffled(by_product[asin])[:PER_PRODUCT]
        # Else the goals of a product would stand side by side.
        order = Draw("panels", split).shuffled(chosen[:count])
        files[file_name("full", split)] = frozen.write(goals, order)
    return files | mini.make()


def main() -> None:
    """Deal the tasks again; compare them with the files or write them."""
    files = {name: text.encode() for name, text in make().items()}
    frozen_command("arlarena_bench.envs.webshop.panels", __doc__, frozen.FOLDER, files)


if __name__ == "__main__":
    main()
