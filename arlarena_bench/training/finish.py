"""What a finished run says of itself."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from arlarena_bench.episode import Episode
from arlarena_bench.method_file import method_stem
from arlarena_bench.policy.model_folder import weights_digest
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import (
    COST_METRICS,
    CostRecord,
    PolicyRecord,
    Result,
    StartRecord,
    TrainingRecord,
    provenance,
)
from arlarena_bench.ruleset import ruleset_of
from arlarena_bench.text_env import TextEnv
from arlarena_bench.training.collapse import Collapse, final_fifth_std
from arlarena_bench.training.evaluate import evaluation_decoder, panel_record, score_of
from arlarena_bench.training.run import Run


def build_result(
    run: Run,
    start: StartRecord,
    game: TextEnv,
    episodes: Mapping[str, Sequence[Episode]],
    collapse: Collapse | None,
    command: str | None = None,
) -> Result:
    """Return the result of a run: its scores, their episodes, and what produced them.

    Args:
        run: The finished run, its trained policy saved.
        start: The policy that it began from.
        game: Whose test panel was played.
        episodes: By decoder, the headline first: the panel's tasks in its order, attempts at one
            task side by side.
        collapse: What the detector saw during training.
        command: What made the run, None for a call from Python.
    """
    recipe = run.recipe
    training = training_record(run.logged, collapse)
    headline, main = next(iter(episodes.items()))
    return Result(
        policy=trained_policy(recipe, run.model),
        recipe=recipe,
        provenance=provenance(command),
        ruleset=ruleset_of(recipe),
        start=start,
        panel=panel_record(game.tasks.panel("test"), main),
        conditions=game.conditions,
        incomparable=game.incomparable,
        headline=headline,
        scores={
            name: score_of(played, evaluation_decoder(recipe, name))
            for name, played in episodes.items()
        },
        cost=cost_of(training, run.cpu_seconds()),
        training=training,
    )


def trained_policy(recipe: Recipe, model: Path) -> PolicyRecord:
    """Return who plays after training: the method, and the weights that it left in a folder."""
    name = method_stem(recipe.method.name)
    return PolicyRecord(kind="trained", name=name, sha256=weights_digest(model))


def training_record(
    logged: Mapping[int, Mapping[str, float]], collapse: Collapse | None
) -> TrainingRecord:
    """Return how training went.

    Args:
        logged: Step → metrics, with step 0 for the start policy.
        collapse: What the detector saw.
    """
    steps = [logged[step] for step in sorted(logged)]
    names = sorted({name for step in steps for name in step})
    metrics = {name: tuple(_finite(step.get(name)) for step in steps) for name in names}
    return TrainingRecord(
        steps=len(steps) - 1,
        metrics=metrics,
        collapse_step=collapse.step if collapse else None,
        collapse_cause=collapse.cause if collapse else None,
        final_fifth_success_std=final_fifth_std([step["success/train"] for step in steps[1:]]),
        skipped_updates=int(sum(step["skipped_updates"] for step in steps[1:])),
    )


def cost_of(training: TrainingRecord, cpu_seconds: float | None) -> CostRecord:
    """Return what training took, as the last step counted it."""
    counted = {name: training.last(metric) for name, metric in COST_METRICS.items()}
    counts = {name: None if value is None else int(value) for name, value in counted.items()}
    return CostRecord.model_validate({**counts, "cpu_seconds": cpu_seconds})


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
