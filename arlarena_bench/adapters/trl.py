"""Environments for TRL's GRPOTrainer: its `environment_factory` and the tasks to train on."""

from collections.abc import Callable
from typing import Any

from arlarena_bench.adapters.chat_episode import ChatEpisode, protocol, said
from arlarena_bench.needed import needed
from arlarena_bench.streams import python_stream

with needed("pip install 'arlarena-bench[trl]'"):
    import datasets


class Arlarena:
    """An environment as the trainer plays it: `answer` is the tool that the model calls.

    The trainer goes on in one conversation, whatever the environment; each tool result is the
    prompt that our protocol writes for the next turn.

    Args:
        environment: Short name or id.
        preset: Whose protocol it has; None for its own.
    """

    def __init__(self, environment: str, preset: str | None = None) -> None:
        self._episode = ChatEpisode(environment, preset)

    def reset(self, task_id: str | None = None, **_: Any) -> str:
        """Begin the row's task; return the first prompt, which the trainer puts into the chat."""
        return self._episode.begin(task_id)

    def answer(self, reply: str) -> str:
        """Answer the environment and see what it asks next.

        Args:
            reply: The whole reply, with the tags that the environment asks for.

        Returns:
            What the environment asks next, or that the episode is over.
        """
        return self._episode.answer(reply)

    def get_reward(self) -> float:
        """Return what the episode has paid, penalties subtracted."""
        return self._episode.reward

    @property
    def episode(self) -> ChatEpisode:
        """What was played, for reward functions and logs of one's own."""
        return self._episode


def environment_factory(environment: str, preset: str | None = None) -> Callable[[], Arlarena]:
    """Return what the trainer makes its environments with.

    Raises:
        ArenaError: If there is no such environment or preset.
    """
    protocol(environment, preset)  # a wrong name is an error here
    return lambda: Arlarena(environment, preset)


def training_tasks(
    environment: str, count: int, seed: int = 0, preset: str | None = None
) -> datasets.Dataset:
    """Return tasks to train on, none of them in a frozen panel, as a data set of the trainer.

    Args:
        environment: Short name or id.
        count: How many.
        seed: Of the draw.
        preset: Whose settings the environment has; None for its own.

    Returns:
        Rows with `task_id` and an empty `prompt`, which the environment fills.

    Raises:
        ArenaError: If there is no such environment or preset.
    """
    game, draws = protocol(environment, preset).game, python_stream(seed, "trl", environment)
    rows = [
        {"prompt": [said("user", "")], "task_id": game.sample_task(draws)} for _ in range(count)
    ]
    return datasets.Dataset.from_list(rows)
