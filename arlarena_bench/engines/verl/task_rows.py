"""A run's tasks as rows of verl's: in training those of each step, and those of a panel."""

from collections.abc import Iterator, Sequence
from typing import Any

from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream, python_stream
from arlarena_bench.text_env import TextEnv
from arlarena_bench.training.evaluate import asked_for, evaluation_streams

# Who plays them.
AGENT = "arlarena"


def training_rows(recipe: Recipe, game: TextEnv) -> Iterator[dict[str, Any]]:
    """Yield the tasks of all steps, `groups * max_tries` of them a step."""
    train = recipe.train
    count = train.groups * train.max_tries
    for step in range(1, train.iterations + 1):
        rng = python_stream(recipe.seed, "tasks", step)
        replies = Stream.of(recipe.seed, "replies", step)
        for number in range(count):
            streams = [replies.sub(number, attempt) for attempt in range(train.group_size)]
            yield _row((step - 1) * count + number, game.sample_task(rng), streams, None)


def panel_rows(
    recipe: Recipe, game: TextEnv, split: str, decoder: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the tasks of a panel, each with as many attempts as the recipe says.

    Args:
        recipe: Of the run.
        game: The environment whose panel it is.
        split: `"validation"` or `"test"`.
        decoder: One of the recipe's, the headline's if None.

    Raises:
        ArenaError: If the panel is smaller than the recipe asks for.
    """
    decoder = decoder or next(iter(recipe.evaluation.scored()))
    panel = game.tasks.panel(split)
    tasks, attempts = asked_for(panel, recipe, split)
    streams = evaluation_streams(recipe, panel, [task for task in tasks for _ in range(attempts)])
    for index, task in enumerate(tasks):
        yield _row(index, task, streams[index * attempts : (index + 1) * attempts], decoder)


def _row(index: int, task: str, streams: Sequence[Stream], decoder: str | None) -> dict[str, Any]:
    """Return a task as verl hands it to our agent loop.

    Args:
        index: Its number.
        task: Its id.
        streams: Of each attempt's draws.
        decoder: What it is scored under; None in training.
    """
    return {
        "task_id": task,
        "streams": [stream.name for stream in streams],
        "decoder": decoder or "",
        "agent_name": AGENT,
        "index": index,
        "__rollout_n__": len(streams),
        # Every row of verl's has these.
        "raw_prompt": [{"role": "user", "content": task}],
        "data_source": "arlarena",
        "reward_model": {"ground_truth": "", "style": "rule"},
    }
