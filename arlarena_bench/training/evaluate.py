"""Scoring a policy on a frozen panel."""

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from arlarena_bench.episode import Episode
from arlarena_bench.files import write_whole
from arlarena_bench.panel import Panel
from arlarena_bench.policy.base import Policy
from arlarena_bench.policy.language_model import LanguageModel, SamplingPolicy
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream
from arlarena_bench.training.rollout import Arena


def evaluation_policy(model: LanguageModel, recipe: Recipe) -> Policy:
    """Return the model as the recipe's `evaluation` section samples it."""
    settings = recipe.evaluation
    sampling = Sampling(
        recipe.train.max_new_tokens, settings.temperature, settings.top_p, settings.top_k
    )
    return SamplingPolicy(model, sampling)


def evaluate(policy: Policy, arena: Arena, recipe: Recipe, split: str) -> list[Episode]:
    """Play each task of a split once, or as often as the recipe says for the test panel.

    An attempt's draws follow from the panel's name, the task and the attempt's number alone: not
    from the policy, nor from how many other tasks are played.

    Args:
        policy: Who answers.
        arena: The recipe's environments.
        recipe: Says how many tasks of the panel are played.
        split: `"validation"` or `"test"`.

    Returns:
        The episodes in the panel's order, attempts at one task side by side.

    Raises:
        ArenaError: If the panel is smaller than the recipe asks for.
    """
    panel: Panel = arena.game.tasks.panel(split)
    sizes = {
        "validation": recipe.evaluation.validation_tasks,
        "test": recipe.evaluation.test_tasks,
    }
    count = sizes[split]
    tasks = panel.task_ids if count is None else panel.first(count)
    attempts = recipe.evaluation.attempts if split == "test" else 1
    numbers = [number for number in range(len(tasks)) for _ in range(attempts)]
    played = [tasks[number] for number in numbers]
    return arena.play(policy, played, numbers, evaluation_streams(recipe, panel, played))


def evaluation_streams(recipe: Recipe, panel: Panel, played: Sequence[str]) -> list[Stream]:
    """Return the stream of each attempt at a task of the panel, numbered task by task."""
    named = Stream.of(recipe.evaluation.seed, "evaluation", panel.name)
    attempts: Counter[str] = Counter()
    streams = []
    for task in played:
        streams.append(named.sub(task, attempts[task]))
        attempts[task] += 1
    return streams


def summarise(episodes: Sequence[Episode]) -> dict[str, float]:
    """Return the scores of a panel.

    `reward` is the mean over episodes of the environment's return. `reward_turn_weighted` is
    the mean over turns of the return of the turn's episode, as the paper's tables have it: a
    long failure weighs more than a short success.
    """
    turns = [(episode, turn) for episode in episodes for turn in episode.turns]
    return {
        "success": fmean(episode.success for episode in episodes),
        "score": fmean(episode.score for episode in episodes),
        "reward": fmean(episode.total_reward for episode in episodes),
        "reward_turn_weighted": fmean(episode.total_reward for episode, _ in turns),
        "length": fmean(len(episode.turns) for episode in episodes),
        "format_valid": fmean(turn.format_valid for _, turn in turns),
        "action_valid": fmean(turn.action_valid for _, turn in turns),
    }


def success_by_category(episodes: Sequence[Episode]) -> dict[str, float]:
    """Return the share of solved tasks of each type; empty where tasks have no types."""
    outcomes: dict[str, list[bool]] = {}
    for episode in episodes:
        if episode.category is not None:
            outcomes.setdefault(episode.category, []).append(episode.success)
    return {category: fmean(outcomes[category]) for category in sorted(outcomes)}


def mean_measures(episodes: Sequence[Episode]) -> dict[str, float]:
    """Return the mean over episodes of the environment's further numbers; empty without any."""
    names = episodes[0].measures
    return {name: fmean(episode.measures[name] for episode in episodes) for name in names}


def pass_at(episodes: Sequence[Episode]) -> dict[str, float]:
    """Return pass@k for k = 1, 2, 4, … up to the attempts a task; empty for a single attempt.

    Averaged over tasks, see `arlarena_bench.statistics.pass_at_k`.

    Args:
        episodes: Attempts at one task share their group and stand side by side, as many each.
    """
    tasks = [
        [episode.success for episode in attempts]
        for _, attempts in groupby(episodes, key=lambda episode: episode.group)
    ]
    count = len(tasks[0])
    if count == 1:
        return {}
    from arlarena_bench.statistics import pass_at_k  # SciPy takes a second

    powers = [2**power for power in range(count.bit_length()) if 2**power <= count]
    return {str(k): fmean(pass_at_k(count, sum(task), k) for task in tasks) for k in powers}


def episode_record(episode: Episode) -> dict[str, Any]:
    """Return the row that a result keeps of an episode."""
    turns = episode.turns
    optional: dict[str, Any] = {}
    if episode.category is not None:
        optional["category"] = episode.category
    if episode.cluster is not None:
        optional["cluster"] = episode.cluster
    if episode.measures:
        optional["measures"] = episode.measures
    return optional | {
        "task_id": episode.task_id,
        "reward": episode.total_reward,
        "turns": len(turns),
        "success": episode.success,
        "score": episode.score,
        "format_valid": fmean(turn.format_valid for turn in turns),
        "action_valid": fmean(turn.action_valid for turn in turns),
    }


def write_episodes(path: Path, episodes: Sequence[Episode]) -> None:
    """Write what is needed to play the episodes again, compressed, the same bytes every time."""
    lines = [
        {
            "task_id": episode.task_id,
            "success": episode.success,
            "score": episode.score,
            "replies": [turn.generation.text for turn in episode.turns],
            "rewards": [turn.reward for turn in episode.turns],
            "penalties": [turn.penalty for turn in episode.turns],
        }
        for episode in episodes
    ]
    text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)
    write_whole(path, gzip.compress(text.encode(), mtime=0))
