"""Scoring a policy on a frozen panel."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.panel import Panel
from arlarena_bench.policy.base import Sampler
from arlarena_bench.policy.player import Player, SampledPlayer
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import (
    Decoder,
    FailedEpisode,
    PanelRecord,
    Score,
    Summary,
    record_episode,
    summarise,
)
from arlarena_bench.streams import Stream
from arlarena_bench.training.rollout import Arena


def evaluation_player(sampler: Sampler, recipe: Recipe, decoder: str | None = None) -> Player:
    """Return a sampler as one of the recipe's decoders samples it, the headline's if None.

    Raises:
        ArenaError: If the recipe has no such decoder.
    """
    return SampledPlayer(sampler, evaluation_sampling(recipe, decoder))


def evaluation_sampling(recipe: Recipe, decoder: str | None = None) -> Sampling:
    """Return how replies are sampled under one of the recipe's decoders, the headline's if None.

    Raises:
        ArenaError: If the recipe has no such decoder.
    """
    chosen = evaluation_decoder(recipe, decoder)
    return Sampling(recipe.train.max_new_tokens, chosen.temperature, chosen.top_p, chosen.top_k)


def evaluation_decoder(recipe: Recipe, name: str | None = None) -> Decoder:
    """Return how one of the recipe's decoders draws replies, the headline's if None.

    Raises:
        ArenaError: If the recipe has no such decoder.
    """
    known = recipe.evaluation.scored()
    name = next(iter(known)) if name is None else name
    if name not in known:
        raise unknown("decoder", name, known)
    return Decoder(**known[name].model_dump())


def evaluate(player: Player, arena: Arena, recipe: Recipe, split: str) -> list[Episode]:
    """Play each task of a split once, or as often as the recipe says for the test panel.

    An attempt's draws follow from the panel's name, the task and the attempt's number alone: not
    from the policy, nor from how many other tasks are played.

    Args:
        player: Who answers.
        arena: The recipe's environments.
        recipe: Says how many tasks of the panel are played.
        split: `"validation"` or `"test"`.

    Returns:
        The episodes in the panel's order, attempts at one task side by side.

    Raises:
        ArenaError: If the panel is smaller than the recipe asks for.
    """
    panel: Panel = arena.game.tasks.panel(split)
    return play_tasks(player, arena, recipe, panel, *asked_for(panel, recipe, split))


def play_tasks(
    player: Player,
    arena: Arena,
    recipe: Recipe,
    panel: Panel,
    tasks: Sequence[str],
    attempts: int = 1,
) -> list[Episode]:
    """Play tasks of a panel, attempts at one side by side, as `evaluate` does."""
    numbers = [number for number in range(len(tasks)) for _ in range(attempts)]
    played = [tasks[number] for number in numbers]
    return arena.play(player, played, numbers, evaluation_streams(recipe, panel, played))


def asked_for(panel: Panel, recipe: Recipe, split: str) -> tuple[Sequence[str], int]:
    """Return the tasks that `evaluate` plays, and how often each.

    Raises:
        ArenaError: If the panel is smaller than the recipe asks for.
    """
    sizes = {
        "validation": recipe.evaluation.validation_tasks,
        "test": recipe.evaluation.test_tasks,
    }
    count = sizes[split]
    tasks = panel.task_ids if count is None else panel.first(count)
    return tasks, recipe.evaluation.attempts if split == "test" else 1


def evaluation_streams(recipe: Recipe, panel: Panel, played: Sequence[str]) -> list[Stream]:
    """Return the stream of each attempt at a task of the panel, numbered task by task."""
    named = Stream.of(recipe.evaluation.seed, "evaluation", panel.name)
    attempts: Counter[str] = Counter()
    streams = []
    for task in played:
        streams.append(named.sub(task, attempts[task]))
        attempts[task] += 1
    return streams


def score_of(episodes: Sequence[Episode], decoder: Decoder | None) -> Score:
    """Return the score of a panel with its episodes.

    Args:
        episodes: In the panel's order; attempts at one task share their group and stand side by
            side.
        decoder: How replies were drawn; None for a script.

    Raises:
        ArenaError: If none was played to its end.
    """
    numbered = [
        (attempt, episode)
        for _, attempts in groupby(episodes, key=lambda episode: episode.group)
        for attempt, episode in enumerate(attempts)
    ]
    records = [
        record_episode(episode, attempt) for attempt, episode in numbered if not episode.failure
    ]
    failed = [
        FailedEpisode(task_id=episode.task_id, attempt=attempt, reason=episode.failure)
        for attempt, episode in numbered
        if episode.failure
    ]
    if not records:
        raise ArenaError(f"no episode was played to its end: {failed[0].reason}")
    summary = summarise(records)
    return Score(decoder=decoder, summary=summary, episodes=tuple(records), failed=tuple(failed))


def summary_of(episodes: Sequence[Episode]) -> Summary:
    """Return the scores of a panel; attempts at one task share their group, side by side."""
    return score_of(episodes, None).summary


def panel_record(panel: Panel, episodes: Sequence[Episode]) -> PanelRecord:
    """Return which tasks of a panel the episodes attempted, and how often."""
    tasks = len({episode.group for episode in episodes})
    attempts = len(episodes) // tasks
    return PanelRecord.of(panel, tasks, attempts)
