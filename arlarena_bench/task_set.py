"""`TaskSet`: the tasks of an environment, those it is scored on and those it trains on."""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Generic, TypeVar

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.frozen import read_frozen
from arlarena_bench.panel import Panel

SPLITS = ("train", "validation", "test")
HELD_OUT = ("validation", "test")
"""The splits whose tasks are frozen, and never drawn."""

HIDDEN = "hidden"
"""Begins the ids of tasks that are drawn from a seed which is not public, and kept nowhere."""

# A task's content may be taken; so many draws of one are tried.
_DRAWS = 1000
_HIDDEN_ID = re.compile(rf"{HIDDEN}/([A-Za-z0-9_-]{{1,64}}/(0|[1-9][0-9]*)/(?:0|[1-9][0-9]*))")

# In its shortest form, so that a task has one id.
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_BITS = 62

Record = TypeVar("Record")


class TaskSet(ABC):
    """Frozen panels to be scored on, and other tasks to train on.

    An author gives `digests`, and `draw` where training tasks are too many to be listed. A set
    never changes: environments share it, and a copy of an environment keeps it.

    Args:
        name: Unique name.
        splits: Those of `SPLITS` whose tasks are listed.
    """

    def __init__(self, name: str, splits: Collection[str] = SPLITS) -> None:
        self.name = name
        self.splits = tuple(splits)
        self._panels: dict[str, Panel] = {}

    @abstractmethod
    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of each task's content by the task's id, in a fixed order.

        Args:
            split: One of `splits`; `panel` has checked that.
        """

    def draw(self, rng: Random) -> str:
        """Draw a training task: unless an author says otherwise, a listed one in no panel.

        Raises:
            ArenaError: If there is none.
        """
        if "train" not in self.splits:
            raise ArenaError(f"{self.name} has no training tasks to draw; name one by its task_id")
        if not self._trainable:
            raise ArenaError(f"{self.name}: every training task is also in a frozen panel")
        return rng.choice(self._trainable)

    def panel(self, split: str) -> Panel:
        """Return the tasks of a split.

        Raises:
            ArenaError: If there are none.
        """
        if split not in SPLITS:
            raise unknown(f"panel of {self.name}", split, self.splits)
        if split not in self.splits:
            raise ArenaError(f"{self.name} has no {split} panel")
        if split not in self._panels:
            tasks = self.digests(split)
            if not tasks:
                raise ArenaError(f"{self.name} has no {split} tasks")
            self._panels[split] = Panel(
                self.panel_name(split), split, tuple(tasks), digest_of(tasks.values())
            )
        return self._panels[split]

    def cluster(self, task_id: str) -> str | None:
        """Return which tasks a task stands or falls with, such as those in its shop.

        None where tasks are drawn one by one, as they are unless an author says otherwise.
        """
        return None

    def panel_name(self, split: str) -> str:
        """Return the unique name of a panel."""
        return f"{self.name}/{split}"

    def identity(self, task_id: str) -> str:
        """Return what a task shares with those that are the same under another id.

        An author who gives it makes tasks `hidden/<seed>/<place>/<draw>`, too, each drawn from its
        id, as those of the test panel were at that place.

        Raises:
            ArenaError: If there are no tasks but those that are listed.
        """
        raise ArenaError(f"{self.name} has no tasks but those it lists: none can be hidden")

    def hidden(self, seed: str, count: int) -> Panel:
        """Return a panel like the test panel, drawn from a seed alone and kept nowhere.

        No task of it is one of the frozen panels, or the same as another.

        Args:
            seed: Letters, digits, hyphens and underscores, 64 at most.
            count: How many tasks.

        Raises:
            ArenaError: If no such tasks can be made, or not so many.
        """
        if not _HIDDEN_ID.fullmatch(f"{HIDDEN}/{seed}/0/0"):
            raise ArenaError(
                "a hidden panel's seed is 1 to 64 letters, digits, hyphens, underscores"
            )
        seen = {self.identity(task) for tasks in self._frozen_panels() for task in tasks}
        chosen: dict[str, str] = {}
        for place in range(count):
            for draw in range(_DRAWS):
                task = f"{HIDDEN}/{seed}/{place}/{draw}"
                identity = self.identity(task)
                if identity not in seen:
                    break
            else:
                raise ArenaError(f"{self.name} has no {count} tasks that are in no panel")
            seen.add(identity)
            chosen[task] = sha256(identity)
        return Panel(self.panel_name(HIDDEN), HIDDEN, tuple(chosen), digest_of(chosen.values()))

    @cached_property
    def held_out(self) -> frozenset[str]:
        """The ids of the tasks of every frozen panel there is."""
        return frozenset(task for tasks in self._frozen_panels() for task in tasks)

    def is_held_out(self, task_id: str) -> bool:
        """Return whether a task is in a frozen panel; an author may know without reading them."""
        return task_id in self.held_out

    @cached_property
    def _trainable(self) -> tuple[str, ...]:
        frozen = {digest for tasks in self._frozen_panels() for digest in tasks.values()}
        train = self.digests("train")
        return tuple(task for task, digest in train.items() if digest not in frozen)

    def _frozen_panels(self) -> Iterable[Mapping[str, str]]:
        return (self.digests(split) for split in HELD_OUT if split in self.splits)

    def __deepcopy__(self, memo: dict[int, object]) -> "TaskSet":
        return self


class ListedTasks(TaskSet):
    """Tasks that are listed one by one, each with what it is about.

    Args:
        name: Unique name.
        **splits: The tasks of `train`, `validation` and `test`: content by id, or, for those
            whose id says it all, ids.

    Raises:
        ArenaError: For another split, an id in two splits, or a training task with the content
            of a frozen one.
    """

    def __init__(self, name: str, **splits: Mapping[str, str] | Iterable[str]) -> None:
        super().__init__(name, tuple(splits))
        self._digests: dict[str, dict[str, str]] = {}
        places: dict[str, str] = {}
        for split, tasks in splits.items():
            if split not in SPLITS:
                raise unknown("split", split, SPLITS)
            contents = tasks if isinstance(tasks, Mapping) else {task: task for task in tasks}
            self._digests[split] = {task: sha256(text) for task, text in contents.items()}
            for key in {*contents, *self._digests[split].values()}:
                if places.setdefault(key, split) != split:
                    raise ArenaError(f"{name}: a task of {split} is also one of {places[key]}")

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of each task's content, by id."""
        return self._digests[split]


class FrozenTasks(TaskSet, Generic[Record]):
    """Endless training tasks `train/<integer>`, and panels frozen in files, `test/0000` ….

    Args:
        name: Unique name.
        folder: Where the files lie, `<kind>-<split>.txt` each.
        kind: Which of the folder's panels.
        splits: The panels that there are.
    """

    def __init__(
        self, name: str, folder: Path, kind: str, splits: Collection[str] = HELD_OUT
    ) -> None:
        super().__init__(name, splits)
        self.folder = folder
        self.kind = kind
        self._records: dict[str, dict[str, Record]] = {}

    @abstractmethod
    def parse(self, content: str) -> dict[str, Record]:
        """Read a panel's file; return its tasks by the number that their ids end with."""

    @abstractmethod
    def digest(self, record: Record) -> str:
        """Return the SHA-256 of a task's content."""

    def frozen(self, split: str) -> Mapping[str, Record]:
        """Return the tasks of a panel by their numbers.

        Raises:
            ArenaError: If its file is missing or was changed.
        """
        if split not in self._records:
            content = read_frozen(self.folder / file_name(self.kind, split)).decode()
            self._records[split] = self.parse(content)
        return self._records[split]

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of each task's content, by id."""
        records = self.frozen(split)
        return {f"{split}/{number}": self.digest(record) for number, record in records.items()}

    def draw(self, rng: Random) -> str:
        """Draw one of 2^62 training tasks."""
        return f"train/{rng.getrandbits(_BITS)}"

    def training(self, task_id: str) -> str | None:
        """Return the number of a training task as its id has it, None for any other task."""
        split, _, number = task_id.partition("/")
        return number if split == "train" and _INTEGER.fullmatch(number) else None

    def find(self, task_id: str) -> Record:
        """Return the record of a frozen task.

        Raises:
            ArenaError: If there is no such task.
        """
        split, _, number = task_id.partition("/")
        if split in self.splits and number in self.frozen(split):
            return self.frozen(split)[number]
        listed = "".join(f", {name}/{_span(self.frozen(name))}" for name in self.splits)
        raise ArenaError(f"no task {task_id!r}: {self.name} has train/<integer>{listed}")


def file_name(kind: str, split: str) -> str:
    """Return the name of a panel's file."""
    return f"{kind}-{split}.txt"


def hidden_name(task_id: str) -> tuple[str, int] | None:
    """Return what a hidden task is drawn from and its place; None for any other task."""
    match = _HIDDEN_ID.fullmatch(task_id)
    return (match[1], int(match[2])) if match else None


def sha256(content: str) -> str:
    """Return the SHA-256 of a text, as hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


def digest_of(digests: Iterable[str]) -> str:
    """Return the SHA-256 of tasks in their order, given that of each."""
    return sha256("\n".join(digests))


def _span(numbers: Iterable[str]) -> str:
    first, *_, last = numbers
    return f"{first} to {last}"
