"""What an environment asks of the place where its tasks come from."""

from abc import abstractmethod

from arlarena_bench.task_set import TaskSet

from .shop import Shop


class ShopTasks(TaskSet):
    """Tasks in one shop or several.

    Attributes:
        comparable: Whether results on its panels may stand beside others'.
    """

    comparable = True

    @property
    @abstractmethod
    def tagger(self) -> str:
        """The name of the tagger that rewards are computed with."""

    @abstractmethod
    def find(self, task_id: str) -> tuple[Shop, int]:
        """Return the shop of a task and the index of its goal; raise `ArenaError` for none."""
