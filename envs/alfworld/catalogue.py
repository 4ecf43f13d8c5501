"""What a task id stands for."""

import re
from typing import Any

from arlarena_bench.errors import ArenaError

from .draw import Draw
from .generator import game, wording
from .panels import SIZES, SPLITS, TASKS_OF, frozen, held_out
from .scene import Scene
from .tasks import Task

# In its shortest form, so that a task has one id.
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")


def generate(task_id: str, size: str = "full") -> dict[str, Any]:
    """Return a generated game, as the content of a game file.

    Args:
        task_id: `"train/<n>"` for any integer n, or a task of a panel, such as `"test/0000"`.
        size: `"full"` or `"mini"`.

    Raises:
        ArenaError: If there is no such task.
    """
    task, scene = find(task_id, size)
    return game(scene, wording(task))


def find(task_id: str, size: str = "full") -> tuple[Task, Scene]:
    """Return a generated task and its scene; see `generate`."""
    split, _, number = task_id.partition("/")
    if split == "train" and _INTEGER.fullmatch(number):
        return _training(size, number)
    if split in SPLITS and number in frozen(size, split):
        return _frozen(size, split, number)
    last = " and ".join(f"{split}/0000 to {n - 1:04d}" for split, n in TASKS_OF[size].items())
    raise ArenaError(f"no task {task_id!r}: ALFWorld of size {size} has train/<integer>, {last}")


def _training(size: str, number: str) -> tuple[Task, Scene]:
    """Draw a task in a room that is trained in, until it is in no panel."""
    draw = Draw(size, "train", number)
    while True:
        task = SIZES[size].draw(draw)
        scene = SIZES[size].scene(task)
        if scene.digest not in held_out(size):
            return task, scene


def _frozen(size: str, split: str, number: str) -> tuple[Task, Scene]:
    task, expected = frozen(size, split)[number]
    scene = SIZES[size].scene(task)
    if scene.digest != expected:
        raise ArenaError(
            f"task {split}/{number} of ALFWorld is no longer what was published; "
            "reinstall the package"
        )
    return task, scene
