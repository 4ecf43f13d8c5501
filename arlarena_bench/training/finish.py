"""What a finished run says of itself."""

import math
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import arlarena_bench
from arlarena_bench.episode import Episode
from arlarena_bench.method_file import method_stem
from arlarena_bench.text_env import TextEnv
from arlarena_bench.training.collapse import Collapse, final_fifth_std
from arlarena_bench.training.evaluate import (
    episode_record,
    mean_measures,
    pass_at,
    success_by_category,
    summarise,
)
from arlarena_bench.training.run import Run

SCHEMA = 1


def build_result(
    run: Run,
    start: Mapping[str, str],
    game: TextEnv,
    episodes: Sequence[Episode],
    collapse: Collapse | None,
) -> dict[str, Any]:
    """Return the result of a run: its scores, their episodes, and what produced them.

    Args:
        run: The finished run.
        start: What `start_record` says of the start policy.
        game: Whose test panel was played.
        episodes: The panel's tasks in its order, attempts at one task side by side.
        collapse: What the detector saw during training.
    """
    recipe = run.recipe
    panel = game.tasks.panel("test")
    count = len({episode.group for episode in episodes})
    steps = [run.logged[step] for step in sorted(run.logged)]
    trained = steps[1:]
    optional = {
        "success_by_category": success_by_category(episodes),
        "measures": mean_measures(episodes),
        "pass_at": pass_at(episodes),
        "conditions": game.conditions,
        "incomparable": game.incomparable,
    }
    return {
        "schema": SCHEMA,
        "method": method_stem(recipe.method.name),
        "method_source": recipe.method.source,
        "options": recipe.method.options,
        "environment": recipe.environment.id,
        "environment_name": recipe.environment.name,
        "preset": recipe.name,
        "seed": recipe.seed,
        "commit": source_commit(),
        "version": arlarena_bench.__version__,
        "recipe_digest": recipe.digest(),
        "start_policy": start["sha256"],
        "start": dict(start),
        "panel": {"name": panel.name, "digest": panel.digest, "tasks": count},
        "episodes": [episode_record(episode) for episode in episodes],
        "summary": summarise(episodes),
        **{name: value for name, value in optional.items() if value},
        "training": {
            "steps": len(trained),
            "start_success": steps[0]["validation/success"],
            "collapse_step": collapse.step if collapse else None,
            "collapse_cause": collapse.cause if collapse else None,
            "kl_ref_final": _last_finite(trained, "kl_ref"),
            "final_fifth_success_std": final_fifth_std([m["success/train"] for m in trained]),
            "skipped_updates": int(sum(m["skipped_updates"] for m in trained)),
        },
    }


def _last_finite(metrics: Sequence[Mapping[str, float]], name: str) -> float | None:
    values = [m[name] for m in metrics if math.isfinite(m[name])]
    return values[-1] if values else None


def source_commit() -> str | None:
    """Return the commit of the source checkout, marked when it has changes; else None."""
    root = Path(arlarena_bench.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
