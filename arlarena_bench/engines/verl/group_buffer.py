"""What verl's trainer takes of what was played: our filter, its tries, its filling up."""

from dataclasses import dataclass, field
from typing import Any

import transfer_queue as tq
from pydantic import TypeAdapter
from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer

from arlarena_bench.engines.verl.credit import EPISODE, SECONDS
from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.loop import filtered, method_of

# verl's names for what is learnt from, and for what is scored.
TRAINING, SCORING = "train", "val"
_EPISODES = TypeAdapter(Episode)


@dataclass
class Drawn:
    """The groups of a step.

    Attributes:
        sampled: All of them by verl's names, in their order.
        chosen: Names of those that are learnt from.
        environment_seconds: On the processors, of all of them.
    """

    sampled: dict[str, list[Episode]] = field(default_factory=dict)
    chosen: list[str] = field(default_factory=list)
    environment_seconds: float = 0.0


class GroupBuffer(ReplayBuffer):
    """Keeps the groups that the recipe's method keeps, as the local engine does.

    verl's own compares rewards by their standard deviation, which rounding keeps above 0, and
    draws new groups without end.

    Args:
        recipe: Of the run.
        **settings: verl's, for its own class.

    Attributes:
        drawn: Those of the last step.
    """

    def __init__(self, recipe: Recipe, **settings: Any) -> None:
        super().__init__(**settings)
        self._recipe = recipe
        self._method = method_of(recipe)
        self.drawn = Drawn()

    def sample(
        self, global_steps: int, partition_id: str, batch_size: int
    ) -> tuple[Any, dict[str, Any]]:
        """Wait for the groups of a step; return the rows of those that are learnt from.

        Raises:
            ArenaError: If an episode failed, or the filter fails.
        """
        self.drawn = self._draw(global_steps)
        chosen = self.drawn.chosen
        self._clear_groups(partition_id, self.drawn.sampled.keys() - set(chosen))
        partition = dict(self.partitions[partition_id])
        return self._materialize_batch(partition_id, chosen, partition), {}

    def episodes(self, count: int) -> list[Episode]:
        """Wait for so many tasks that are scored; return their episodes, task by task.

        Raises:
            ArenaError: If an episode failed.
        """
        groups, _ = self._played(SCORING, count)
        self._clear_groups(SCORING, set(groups))
        return [episode for group in groups.values() for episode in group]

    def _draw(self, step: int) -> Drawn:
        """Have groups played until enough are kept; the last try fills up with what it dropped."""
        train = self._recipe.train
        seen: dict[str, list[Episode]] = {}
        chosen: list[str] = []
        for tries in range(train.max_tries):
            if tries:
                self.refill_fn(train.groups)
            played, seconds = self._played(TRAINING, train.groups * (tries + 1))
            new = {name: group for name, group in played.items() if name not in seen}
            seen |= new
            names = list(new) if step <= train.cold_start else self._filtered(new)
            chosen += names
            if len(chosen) >= train.groups:
                break
        else:
            chosen += [name for name in new if name not in names]
        return Drawn(seen, chosen[: train.groups], seconds)

    def _filtered(self, groups: dict[str, list[Episode]]) -> list[str]:
        kept = {id(group) for group in filtered(self._method, list(groups.values()))}
        return [name for name, group in groups.items() if id(group) in kept]

    def _played(self, partition: str, count: int) -> tuple[dict[str, list[Episode]], float]:
        """Wait until so many groups have ended.

        Returns:
            They by verl's names, in their order, and the CPU seconds of their environments.
        """
        last = 0.0
        while True:
            self._sync_metadata_from_transfer_queue()
            if failed := self.failure_keys[partition]:
                raise ArenaError(
                    f"an episode of task {min(failed)} failed; the log has the reason behind "
                    "`Error in _run_prompt`"
                )
            if len(self.finished_keys[partition]) >= count:
                return self._groups(partition)
            last = self._wait_for_next_poll(partition, last)

    def _groups(self, partition: str) -> tuple[dict[str, list[Episode]], float]:
        first = sorted(key for key in self.partitions[partition] if key.endswith("_0"))
        data = tq.kv_batch_get(keys=first, partition_id=partition, select_fields=["extra_fields"])
        groups: dict[str, dict[int, Episode]] = {}
        total = 0.0
        for key, facts in zip(first, data["extra_fields"], strict=True):
            name, session, _ = key.rsplit("_", 2)
            episode, seconds = carried(facts)
            groups.setdefault(name, {})[int(session)] = episode
            total += seconds
        ordered = sorted(groups.items())
        for number, (_, group) in enumerate(ordered):
            for episode in group.values():
                episode.group = number
        episodes = {name: [group[session] for session in sorted(group)] for name, group in ordered}
        return episodes, total


def carried(facts: Any) -> tuple[Episode, float]:
    """Return what verl's extra fields of its first row carry of an episode: it and its seconds."""
    fields = getattr(facts, "data", facts)
    return _EPISODES.validate_python(fields[EPISODE]), fields[SECONDS]
