"""Tasks as verl's datasets: no file holds them, for the environment draws them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import ListConfig
from torch.utils.data import Dataset

from arlarena_bench.engines.verl.command import RECIPE
from arlarena_bench.engines.verl.task_rows import panel_rows, training_rows
from arlarena_bench.errors import unknown
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.recipe import read_recipe

TRAIN = "train"
SPLITS = (TRAIN, "validation")


class ArenaTasks(Dataset[dict[str, Any]]):
    """The tasks of a run, one an item.

    In training it is the tasks of the first step, in the order in which the local engine draws
    them, then those of the next: as many as the filter may draw.

    Args:
        data_files: `"train"` or `"validation"`, in place of verl's files.
        tokenizer: Not needed.
        config: verl's `data`, which names the recipe.
        processor: Not needed.
        max_samples: Not read; the recipe says how many.

    Raises:
        ArenaError: If there is no such split, or the recipe cannot be read.
    """

    def __init__(
        self,
        data_files: str | Sequence[str],
        tokenizer: Any,
        config: Any,
        processor: Any = None,
        max_samples: int = -1,
    ) -> None:
        named = list(data_files) if isinstance(data_files, list | ListConfig) else [data_files]
        if len(named) != 1 or named[0] not in SPLITS:
            raise unknown("split of tasks", ",".join(map(str, named)), SPLITS)
        recipe = read_recipe(Path(config[RECIPE]))
        game = make_environment(recipe).game
        training = named[0] == TRAIN
        self.rows = list(
            training_rows(recipe, game) if training else panel_rows(recipe, game, named[0])
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return what verl's rollouts get of a task."""
        return self.rows[index]
