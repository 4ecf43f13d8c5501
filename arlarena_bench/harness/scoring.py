"""Scoring any policy on a frozen panel: a trained one, a downloaded one, or a script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tabulate import tabulate

from arlarena_bench.errors import ArenaError, nearest, unknown
from arlarena_bench.installed import load_recipe
from arlarena_bench.policy.base import Policy
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.scripted import SCRIPTED, scripted_policy
from arlarena_bench.recipe import Recipe, read_recipe
from arlarena_bench.task_set import HELD_OUT
from arlarena_bench.training.evaluate import (
    evaluate,
    evaluation_policy,
    mean_measures,
    pass_at,
    success_by_category,
    summarise,
)
from arlarena_bench.training.rollout import Arena, incomparable_line

ROWS = {
    "success": "{:.1%}",
    "score": "{:.3f}",
    "reward": "{:.3f}",
    "reward_turn_weighted": "{:.3f}",
    "length": "{:.2f}",
    "format_valid": "{:.1%}",
    "action_valid": "{:.1%}",
}


def score_policy(
    name: str,
    preset: str,
    environment: str,
    split: str,
    tasks: int | None,
    warn: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Play a policy on the first tasks of a panel, and return its scores.

    Args:
        name: `"oracle"`, `"expert"`, `"random"`, `"null"`, a run's folder or a Hugging Face folder.
        preset: Says how the environment is put to the policy, and how replies are sampled; a
            run's folder has its own recipe instead.
        environment: Short name or id.
        split: `"validation"` or `"test"`.
        tasks: How many; as the recipe says if None.
        warn: Told before anything is played why the scores cannot count, if they cannot.

    Raises:
        ArenaError: If there is no such policy, split or preset.
    """
    if split not in HELD_OUT:
        raise unknown("split", split, HELD_OUT)
    stored = Path(name) / "recipe.yaml"
    recipe = read_recipe(stored) if stored.is_file() else load_recipe(preset, environment)
    if tasks is not None:
        recipe = recipe.with_values({f"evaluation.{split}_tasks": tasks})
    arena = Arena(recipe)
    for line in incomparable_line(arena.game):
        warn(line)
    episodes = evaluate(_policy(name, recipe), arena, recipe, split)
    panel = arena.game.tasks.panel(split)
    count = len({episode.group for episode in episodes})
    return {
        "policy": name,
        "environment": recipe.environment.id,
        "preset": recipe.name,
        "panel": {"name": panel.name, "digest": panel.digest, "tasks": count},
        "summary": summarise(episodes),
        "success_by_category": success_by_category(episodes),
        "measures": mean_measures(episodes),
        "pass_at": pass_at(episodes),
        "conditions": arena.game.conditions,
        "incomparable": arena.game.incomparable,
    }


def scores_table(scores: dict[str, Any]) -> str:
    """Return `score_policy`'s answer as text."""
    panel = scores["panel"]
    rows = [(name, form.format(scores["summary"][name])) for name, form in ROWS.items()]
    rows += [(f"  {name}", f"{p:.1%}") for name, p in scores["success_by_category"].items()]
    rows += [(f"pass@{k}", f"{p:.1%}") for k, p in scores["pass_at"].items()]
    rows += [(name, f"{value:.3f}") for name, value in scores["measures"].items()]
    text = tabulate(rows, [scores["policy"], ""], "simple", colalign=("left", "right"))
    lines = [
        f"{scores['environment']}, preset {scores['preset']}, panel {panel['name']}: "
        f"{panel['tasks']} tasks, SHA-256 {panel['digest'][:12]}",
        *(f"{name}: {value}" for name, value in sorted(scores["conditions"].items())),
    ]
    if scores["incomparable"]:
        lines.append(f"not for the leaderboard: {scores['incomparable']}")
    return "\n".join([text, "", *lines])


def _policy(name: str, recipe: Recipe) -> Policy:
    if name in SCRIPTED:
        return scripted_policy(name)
    folder = Path(name)
    if folder.is_file():
        raise ArenaError(f"{name} is a file; give a run's folder or a Hugging Face folder")
    if not folder.is_dir():
        raise ArenaError(
            f"no policy {name!r}{nearest(name, SCRIPTED)} (a folder, or {', '.join(SCRIPTED)})"
        )
    if (folder / "recipe.yaml").is_file():
        folder = folder / "model"
        if not folder.is_dir():
            raise ArenaError(f"the run in {name} is not finished; `arlarena train --resume` it")
    return evaluation_policy(LanguageModel.load(folder), recipe)
