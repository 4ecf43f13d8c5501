"""Problems from files as the tasks of an environment."""

from collections.abc import Mapping
from functools import cached_property
from random import Random

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.task_set import HELD_OUT, TaskSet, sha256

from .data import DataSet, identity
from .problems import Problem


class ProblemFiles(TaskSet):
    """One file of problems a split; tasks are `<split>/<row>`.

    Args:
        sets: Split → its problems.
    """

    def __init__(self, sets: Mapping[str, DataSet]) -> None:
        super().__init__("+".join(sets[split].name for split in sorted(sets)), tuple(sets))
        self.sets = sets

    def problem(self, task_id: str) -> Problem:
        """Return the problem of a task.

        Raises:
            ArenaError: If there is no such task.
        """
        split, _, row = task_id.partition("/")
        problems = self._set(split).problems
        if row not in problems:
            name = self.sets[split].name
            raise ArenaError(f"{name} has no problem {row!r}; one is {next(iter(problems))}")
        return problems[row]

    def panel_name(self, split: str) -> str:
        """Return the name of a split's file, and the split."""
        return f"{self._set(split).name}/{split}"

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of every problem with its answer, by task.

        Raises:
            ArenaError: If no file is of that split.
        """
        problems = self._set(split).problems
        return {f"{split}/{row}": sha256(f"{p.text}\0{p.answer}") for row, p in problems.items()}

    def draw(self, rng: Random) -> str:
        """Draw a training problem that is in neither panel, in whatever spelling.

        Raises:
            ArenaError: If there is no file to train on, or nothing in it is left.
        """
        if "train" not in self.sets:
            raise ArenaError(
                f"{self.name} is to be scored on and has nothing to train on; give "
                "data={'train': FILE, 'test': FILE}, or a task with "
                "reset(options={'task_id': 'test/0000'})"
            )
        if not self._own:
            raise ArenaError(f"every problem of {self.sets['train'].name} is also in a panel")
        return rng.choice(self._own)

    @property
    def left_out(self) -> int:
        """How many training problems are never drawn because a panel has them, too."""
        return len(self.sets["train"].problems) - len(self._own) if "train" in self.sets else 0

    @property
    def shared(self) -> int:
        """How many problems of the test set are also in the validation set."""
        return len(self._texts("test") & self._texts("validation"))

    @cached_property
    def _own(self) -> tuple[str, ...]:
        frozen = frozenset().union(*map(self._texts, HELD_OUT))
        problems = self.sets["train"].problems
        return tuple(f"train/{row}" for row, p in problems.items() if identity(p) not in frozen)

    def _texts(self, split: str) -> frozenset[str]:
        return self.sets[split].texts if split in self.sets else frozenset()

    def _set(self, split: str) -> DataSet:
        if split not in self.sets:
            raise unknown("split", split, self.sets)
        return self.sets[split]
