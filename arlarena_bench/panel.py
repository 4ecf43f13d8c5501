"""Frozen lists of tasks."""

from dataclasses import dataclass

from arlarena_bench.errors import ArenaError


@dataclass(frozen=True, slots=True)
class Panel:
    """A frozen, hashed list of tasks.

    Attributes:
        name: Unique name, for example `"sokoban-6x6-1box/test"`.
        split: `"train"`, `"validation"` or `"test"`; `"hidden"` for one that is kept nowhere.
        task_ids: What `TextEnv.reset(options={"task_id": ...})` accepts, in a fixed order.
        digest: SHA-256 of the tasks' contents (not of their ids).
    """

    name: str
    split: str
    task_ids: tuple[str, ...]
    digest: str

    def first(self, count: int) -> tuple[str, ...]:
        """Return the first `count` task ids.

        Raises:
            ArenaError: If the panel has fewer tasks.
        """
        if not 0 < count <= len(self.task_ids):
            raise ArenaError(
                f"panel {self.name} has {len(self.task_ids)} tasks, asked for {count}; "
                f"choose 1 to {len(self.task_ids)}"
            )
        return self.task_ids[:count]
