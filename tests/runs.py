"""Run folders as training leaves them, made up; panels and recipes are real."""

import json
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from arlarena_bench import installed
from arlarena_bench.labels import folder_name
from arlarena_bench.panel import Panel
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import (
    RESULT_FILE,
    CostRecord,
    Decoder,
    EpisodeRecord,
    PanelRecord,
    PolicyRecord,
    Provenance,
    Result,
    Score,
    StartRecord,
    TrainingRecord,
    TurnsRecord,
    summarise,
    write_result,
)

STEPS = 50
Outcome = tuple[float, int, bool]
"""Return, number of turns and success of an episode."""


@lru_cache
def recipe_of(preset: str, environment: str, tasks: int) -> Recipe:
    """A preset that plays so many tasks of the test panel."""
    recipe = installed.load_recipe(preset, environment)
    return recipe.with_values({"evaluation.test_tasks": tasks})


@lru_cache
def panel_of(environment: str) -> Panel:
    """The test panel of the environment."""
    return make_environment(installed.load_recipe("nano", environment)).game.tasks.panel("test")


def result_of(
    method: str,
    seed: int,
    outcomes: Sequence[Outcome],
    *,
    kind: str = "trained",
    preset: str = "nano",
    environment: str = "sokoban",
    settings: dict[str, Any] | None = None,
    start: str = "5" * 64,
    start_set: str | None = None,
    source: str | None = None,
    training: dict[str, Any] | None = None,
    **changes: Any,
) -> Result:
    """A result of these outcomes on the first tasks of the real test panel, with all its turns."""
    panel = panel_of(environment)
    recipe = recipe_of(preset, environment, len(outcomes)).for_run(method, seed)
    recipe = recipe.with_values(settings or {})
    if source is not None:
        named = recipe.method.model_copy(update={"name": f"{method}.py", "source": source})
        recipe = recipe.model_copy(update={"method": named})
    score = score_of_outcomes(panel, outcomes)
    decoder = Decoder(temperature=1.0)
    trained = kind == "trained"
    parts = {
        "policy": PolicyRecord.model_validate({"kind": kind, "name": method}),
        "recipe": recipe,
        "provenance": Provenance(version="0.1.0"),
        "start": StartRecord(name="cloned", sha256=start, set=start_set),
        "panel": PanelRecord.of(panel, len(outcomes)),
        "headline": "sampled",
        "scores": {"sampled": Score(decoder=decoder, summary=summarise(score), episodes=score)},
        "training": training_of(method, seed, training or {}) if trained else None,
        "cost": CostRecord(cpu_seconds=0.96 * STEPS) if trained else CostRecord(),
    }
    if kind == "scripted":
        parts["start"] = None
        parts["scores"] = {
            "sampled": parts["scores"]["sampled"].model_copy(update={"decoder": None})
        }
    return Result(**parts | changes)


def score_of_outcomes(panel: Panel, outcomes: Sequence[Outcome]) -> tuple[EpisodeRecord, ...]:
    """Episodes on the panel's first tasks, whose last turn brings all of the return."""
    return tuple(
        EpisodeRecord(
            task_id=task,
            success=success,
            score=float(success),
            reward=reward,
            penalty=0.0,
            length=length,
            reply_tokens=2 * length,
            format_valid=length,
            action_valid=length,
            turns=TurnsRecord(
                replies=("<action>up</action>",) * length,
                token_ids=((1, 2),) * length,
                rewards=(0.0,) * (length - 1) + (reward,),
                penalties=(0.0,) * length,
                format_valid=(True,) * length,
                action_valid=(True,) * length,
            ),
        )
        for task, (reward, length, success) in zip(
            panel.first(len(outcomes)), outcomes, strict=True
        )
    )


def training_of(method: str, seed: int, changes: dict[str, Any]) -> TrainingRecord:
    """Training of `STEPS` steps that went well, but for what is changed."""
    lines = metrics_of(method, seed)
    names = sorted({name for line in lines for name in line})
    metrics = {name: tuple(line.get(name) for line in lines) for name in names}
    kept = {"steps": STEPS, "metrics": metrics, "skipped_updates": 0}
    return TrainingRecord(**kept | changes)


def metrics_of(method: str, seed: int) -> list[dict[str, float]]:
    """Metrics of each step, from the start policy on."""
    rng = random.Random(f"{method} {seed}")
    return [_metrics(step, rng) for step in range(STEPS + 1)]


def solving(solved: int, of: int = 10) -> list[Outcome]:
    """Episodes of which `solved` succeed in 4 turns (return 10.6), the rest fail in 12 (-1.2)."""
    return [(10.6, 4, True)] * solved + [(-1.2, 12, False)] * (of - solved)


def write_run(folder: Path, result: Result) -> Path:
    """A run folder as training leaves it: the result and the metrics of its steps."""
    run = folder / folder_name(result.label) / f"seed-{result.seed}"
    write_result(run / RESULT_FILE, result)
    if result.training is not None:
        lines = metrics_of(result.policy.name, result.seed)
        (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


def _metrics(step: int, rng: random.Random) -> dict[str, float]:
    line: dict[str, float] = {"step": step}
    if step % 10 == 0:
        line["validation/success"] = min(1.0, 0.17 + 0.01 * step * rng.uniform(0.6, 1.0))
    if step:
        line |= {
            "success/train": min(1.0, max(0.0, 0.2 + 0.01 * step + rng.gauss(0, 0.1))),
            "kl_ref": 0.004 * step * rng.uniform(0.5, 1.5),
            "grad_norm": rng.lognormvariate(-0.5, 0.5),
            "format_valid": 1 - 0.02 * rng.random(),
            "entropy": 0.5 * 0.97**step + 0.02 * rng.random(),
            "clip_fraction": 0.03 * rng.random(),
            "tokens/low_negative": 0.01 * rng.random(),
            "tokens/high_positive": 0.005 * rng.random(),
        }
    return line


# A run of seconds: everything is done, nothing is learnt.
TINY = (
    "start.frozen=null",
    "cloning.episodes=20",
    "cloning.clean_steps=3",
    "cloning.noisy_steps=1",
    "cloning.warmup=1",
    "evaluation.every=1",
    "evaluation.validation_tasks=4",
    "evaluation.test_tasks=8",
    "train.checkpoint_every=1",
    "train.group_size=4",
    "train.groups=2",
    "train.iterations=2",
)

METHOD_FILE = """
from dataclasses import replace

import arlarena_bench as arena


def method():
    return replace(arena.method("grpo"), aggregation="seq-mean-token-mean")
"""

FAILING_METHOD_FILE = """
from dataclasses import replace

import arlarena_bench as arena


def no_filter(groups):
    raise RuntimeError("no idea which")


def method():
    return replace(arena.method("grpo"), filter=no_filter)
"""
