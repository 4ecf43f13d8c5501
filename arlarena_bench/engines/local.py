"""One process, which samples and learns in turn."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from arlarena_bench.engines.engine import Cluster, OnStep
from arlarena_bench.errors import ArenaError
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import Result, StartRecord
from arlarena_bench.training.checkpoint import save_checkpoint
from arlarena_bench.training.finish import build_result
from arlarena_bench.training.loop import Trainer, method_of
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import check_method
from arlarena_bench.training.run import Run, finished_result, holds
from arlarena_bench.training.start import start_policy, start_record


def on(cluster: Cluster) -> ModuleType:
    """Return this engine, which needs no more than a part of one machine.

    Raises:
        ArenaError: If there is more than one machine to work on.
    """
    if cluster.nodes > 1:
        raise ArenaError(f"engine local is one process, not {cluster.nodes} nodes: --engine verl")
    return sys.modules[__name__]


def train(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    stop_on_collapse: bool = False,
    on_step: OnStep | None = None,
    warn: Callable[[str], None] = lambda line: None,
    command: str | None = None,
) -> Result:
    """Train as every engine does: `Engine.train`."""
    check_method(method_of(recipe), recipe, Arena(recipe))
    if resume and holds(out, recipe) and (finished := finished_result(out)) is not None:
        return finished
    with Run.open(out, recipe, resume=resume) as run:
        if (finished := finished_result(out)) is not None:
            return finished  # another process has ended the run meanwhile
        trainer, begun = _advance(run, None, stop_on_collapse, on_step, warn)
        return _finish(run, trainer, begun, command)


def train_until(
    recipe: Recipe,
    out: Path,
    until: int,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
    warn: Callable[[str], None] = lambda line: None,
) -> None:
    """Train up to a step as every engine does: `Engine.train_until`."""
    if not 0 < until <= recipe.train.iterations:
        raise ArenaError(f"a run of {recipe.train.iterations} iterations has no step {until}")
    check_method(method_of(recipe), recipe, Arena(recipe))
    with Run.open(out, recipe, resume=resume) as run:
        _advance(run, until, False, on_step, warn)


def _advance(
    run: Run,
    until: int | None,
    stop_on_collapse: bool,
    on_step: OnStep | None,
    warn: Callable[[str], None],
) -> tuple[Trainer, StartRecord]:
    """Make the steps that a run lacks, all of them or those until one; return what they left."""
    recipe = run.recipe
    start = start_policy(recipe)
    begun = start_record(recipe, start)
    run.begin_from(begun.sha256)
    trainer = Trainer(recipe, start)
    first = trainer.restore(run, warn) + 1
    if not run.logged:
        _record(run, on_step, 0, trainer.validate() | trainer.cost.metrics(), {})
    for step in range(first, (until or recipe.train.iterations) + 1):
        if stop_on_collapse and trainer.detector.collapse is not None:
            break
        metrics, timing = trainer.step(step)
        _record(run, on_step, step, metrics, timing)
        trainer.detector.observe(step, metrics)
        if step % recipe.train.checkpoint_every == 0 or step == until:
            save_checkpoint(run.checkpoints, step, trainer.learner)
    return trainer, begun


def _finish(run: Run, trainer: Trainer, start: StartRecord, command: str | None) -> Result:
    """Score the trained policy on the test panel and write everything that a run leaves."""
    episodes = trainer.test()
    trainer.policy.save(run.model)
    collapse = trainer.detector.collapse
    result = build_result(run, start, trainer.arena.game, episodes, collapse, command)
    run.finish(result)
    return result


def _record(
    run: Run,
    on_step: OnStep | None,
    step: int,
    metrics: dict[str, float],
    timing: dict[str, float],
) -> None:
    """Log a step and report it."""
    run.log(step, metrics, timing)
    if on_step is not None:
        on_step({"step": step, **metrics})


def planned(recipe: Recipe, out: Path) -> None:
    """Return no command, for the run would be this process: `Engine.planned`."""
