"""What a task id stands for."""

from functools import lru_cache
from typing import Any

from .generator import game, wording
from .panels import households
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
    return households(size).scene(task_id)
