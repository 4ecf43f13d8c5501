"""The frozen validation and test tasks, and how they were drawn.

`python -m arlarena_bench.envs.alfworld.panels` draws all of them again and says whether the files
are the same; `--write` replaces the files.
"""

from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from arlarena_bench.errors import ArenaError
from arlarena_bench.frozen import frozen_command
from arlarena_bench.task_set import HELD_OUT, HIDDEN, FrozenTasks, file_name, hidden_name

from .draw import Draw
from .generator import Household
from .goals import TASKS
from .mini import MiniHousehold
from .scene import Scene
from .tasks import Task

FOLDER = Path(__file__).parent / "frozen-tasks"
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


class Households(FrozenTasks[FrozenTask]):
    """The tasks of one size of household.

    Args:
        size: `"full"` or `"mini"`.
    """

    def __init__(self, size: str) -> None:
        super().__init__(SIZES[size].name, FOLDER, size)

    def parse(self, content: str) -> dict[str, FrozenTask]:
        """Read a panel's file: a line a task, its number, name and digest."""
        lines = map(str.split, content.splitlines())
        return {number: FrozenTask(Task.parse(name), digest) for number, name, digest in lines}

    def digest(self, record: FrozenTask) -> str:
        """Return the SHA-256 of a task's scene and goal."""
        return record.digest

    def scene(self, task_id: str) -> tuple[Task, Scene]:
        """Return any task with its scene.

        Raises:
            ArenaError: If there is no such task, or it is no longer what was published.
        """
        if (number := self.training(task_id)) is not None:
            return self._drawn(Draw(self.kind, "train", number), True, None)
        if (hidden := hidden_name(task_id)) is not None:
            kind = TASKS[hidden[1] % len(TASKS)]
            return self._drawn(Draw(self.kind, HIDDEN, hidden[0]), IN_SEEN_ROOMS["test"], kind)
        task, expected = self.find(task_id)
        scene = SIZES[self.kind].scene(task)
        if scene.digest != expected:
            raise ArenaError(
                f"task {task_id} of ALFWorld is no longer what was published; reinstall the package"
            )
        return task, scene

    def _drawn(self, draw: Draw, seen: bool, kind: str | None) -> tuple[Task, Scene]:
        """Draw a task until it is in no panel."""
        while True:
            task = SIZES[self.kind].draw(draw, seen=seen, task=kind)
            scene = SIZES[self.kind].scene(task)
            if scene.digest not in self.held_out_scenes:
                return task, scene

    def identity(self, task_id: str) -> str:
        """Return the SHA-256 of a task's scene and goal."""
        return self.scene(task_id)[1].digest

    @cached_property
    def held_out_scenes(self) -> frozenset[str]:
        """The digest of every scene of the panels; training avoids them."""
        return frozenset(task.digest for s in HELD_OUT for task in self.frozen(s).values())


@lru_cache
def households(size: str) -> Households:
    """Return the tasks of one size, one set for the whole process."""
    return Households(size)


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
        files[file_name(size, split)] = "".join(lines)
    return files


def main() -> None:
    """Draw the panels again; compare them with the files or write them."""
    files = {name: text.encode() for size in SIZES for name, text in make(size).items()}
    frozen_command("arlarena_bench.envs.alfworld.panels", __doc__, FOLDER, files)


if __name__ == "__main__":
    main()
