"""What a task id stands for."""

from functools import lru_cache
from typing import Any

from arlarena_bench.errors import ArenaError

from .draw import Draw
from .generator import game, wording
from .panels import SIZES, households
from .scene import Scene
from .shared import KEPT
from .tasks import Task


def generate(task_id: str, size: str = "full") -> dict[str, Any]:
    """Return a generated game, as the content of a game file.

    Args:
        task_id: `"train/<n>"` for any integer n, or a task of a panel, such as `"test/0000"`.
        size: `"full"` or `"mini"`.

    Raises:
        ArenaError: If there is no such task.
    """
    return dict(_content(task_id, size))


# The episodes of a group ask for the same game one after the other.
@lru_cache(maxsize=KEPT)
def _content(task_id: str, size: str) -> dict[str, Any]:
    task, scene = find(task_id, size)
    return game(scene, wording(task))


def find(task_id: str, size: str = "full") -> tuple[Task, Scene]:
    """Return a generated task and its scene; see `generate`."""
    tasks = households(size)
    if (number := tasks.training(task_id)) is not None:
        return _training(size, number)
    task, expected = tasks.find(task_id)
    scene = SIZES[size].scene(task)
    if scene.digest != expected:
        raise ArenaError(
            f"task {task_id} of ALFWorld is no longer what was published; reinstall the package"
        )
    return task, scene


def _training(size: str, number: str) -> tuple[Task, Scene]:
    """Draw a task in a room that is trained in, until it is in no panel."""
    draw = Draw(size, "train", number)
    while True:
        task = SIZES[size].draw(draw)
        scene = SIZES[size].scene(task)
        if scene.digest not in households(size).held_out_scenes:
            return task, scene
