"""verl as an engine: its trainer in processes of their own, and a run's folder in this one."""

import os
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from arlarena_bench.engines.engine import Cluster, OnStep
from arlarena_bench.engines.verl.command import VERL, Launch
from arlarena_bench.engines.verl.cpu_switch import ON_CPU, VARIABLE, on_cpu
from arlarena_bench.engines.verl.driver_process import watch
from arlarena_bench.engines.verl.refusals import check_recipe
from arlarena_bench.engines.verl.row_lengths import row_lengths
from arlarena_bench.engines.verl.run_report import RunReport, log_of
from arlarena_bench.engines.verl.settings_check import checked
from arlarena_bench.errors import ArenaError
from arlarena_bench.ray_head import RayHead
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import Result, StartRecord
from arlarena_bench.training.collapse import CollapseDetector
from arlarena_bench.training.finish import build_result
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.run import Run, finished_result, holds
from arlarena_bench.training.start import find_start, start_policy, start_record

# Checkpoints that stay when a run is gone on with; verl knows of none that it found.
KEPT = 2


def on(cluster: Cluster) -> "VerlEngine":
    """Return this engine, to work on a cluster."""
    return VerlEngine(cluster)


@dataclass(frozen=True, slots=True)
class VerlEngine:
    """Trains on verl's ranks and Ray.

    Attributes:
        cluster: Where.
    """

    cluster: Cluster

    def train(
        self,
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
        self._check(recipe)
        if resume and holds(out, recipe) and (finished := finished_result(out)) is not None:
            return finished
        with Run.open(out, recipe, resume=resume) as run:
            if (finished := finished_result(out)) is not None:
                return finished  # another process has ended the run meanwhile
            start = self._advance(run, recipe.train.iterations, stop_on_collapse, on_step)
            return _finish(run, start, command)

    def train_until(
        self,
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
        self._check(recipe)
        with Run.open(out, recipe, resume=resume) as run:
            self._advance(run, until, False, on_step)

    def planned(self, recipe: Recipe, out: Path) -> str:
        """Return the command, which verl has checked: `Engine.planned`."""
        check_recipe(recipe)
        start, checkpoint = find_start(recipe), recipe.start.checkpoint
        if start is None and checkpoint is None:
            raise ArenaError(
                f"recipe {recipe.name}: its start policy is not made yet; `arlarena train` makes "
                "it, and the command names its folder"
            )
        model = checkpoint.ref if start is None and checkpoint else str(start)
        lengths = row_lengths(recipe, Arena(recipe).game, start)
        steps = recipe.train.iterations
        launch = Launch(recipe, out.resolve(), model, self.cluster, lengths, steps)
        checked(launch.overrides())
        told = [f"{name}={value}" for name, value in ON_CPU.items()] if on_cpu() else []
        return " \\\n  ".join([*told, *(shlex.quote(word) for word in launch.command())])

    def _check(self, recipe: Recipe) -> None:
        check_recipe(recipe)
        head = RayHead.of(os.environ.get("RAY_ADDRESS", ""))
        if head and not head.answers():
            raise ArenaError(
                f"no Ray cluster answers at {head}, which RAY_ADDRESS names: start one there, or "
                "unset it for one of this machine alone"
            )
        here, asked = torch.cuda.device_count(), self.cluster.gpus
        # A cluster that is there already may have none on this node.
        if not on_cpu() and "RAY_ADDRESS" not in os.environ and here < asked:
            raise ArenaError(
                f"engine verl is to have {asked} GPUs on this machine, which has {here}: set "
                f"--gpus, or RAY_ADDRESS of a cluster; {VARIABLE}=1 tries it without any, slowly"
            )

    def _advance(
        self, run: Run, until: int, stop_on_collapse: bool, on_step: OnStep | None
    ) -> StartRecord:
        """Have verl make the steps that a run lacks; return what they began from."""
        recipe, folder = run.recipe, run.folder.resolve()
        start = start_policy(recipe)
        begun = start_record(recipe, start)
        run.begin_from(begun.sha256)
        made, checkpoint = newest_checkpoint(folder, max(run.logged, default=0))
        if until <= made < recipe.train.iterations:
            return begun
        run.rewind(made)
        drop_checkpoints(folder / VERL, made)
        launch = Launch(
            recipe,
            folder,
            str(start),
            self.cluster,
            row_lengths(recipe, Arena(recipe).game, start),
            until,
            checkpoint,
            validated=bool(run.logged),
            stop_on_collapse=stop_on_collapse,
        )
        checked(launch.overrides())
        report = RunReport(folder)
        report.clear()

        def tell() -> None:
            for step, metrics, timing in report.new_steps():
                run.log(step, metrics, timing)
                if on_step is not None:
                    on_step({"step": step, **metrics})

        environment = ON_CPU if on_cpu() else {}
        watch(launch.command(), environment, log_of(folder), tell)
        return begun


def newest_checkpoint(folder: Path, logged: int) -> tuple[int, Path | None]:
    """Return the step and the place of verl's newest whole checkpoint that a log covers.

    Args:
        folder: The run's.
        logged: Its last step.

    Returns:
        0 and None where there is none.
    """
    kept = folder / VERL
    steps = _checkpoints(kept)
    try:
        whole = int((kept / "latest_checkpointed_iteration.txt").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # verl was interrupted while it wrote that behind its newest, or had no room for it.
        whole = max(steps, default=0) - 1
    fitting = [s for s in steps if s <= min(whole, logged) and any(steps[s].glob("actor/model_*"))]
    if not fitting:
        return 0, None
    return max(fitting), steps[max(fitting)]


def _checkpoints(kept: Path) -> dict[int, Path]:
    """Return the folders of verl's checkpoints by their steps, those that are not whole, too."""
    return {int(path.name.rpartition("_")[2]): path for path in kept.glob("global_step_*")}


def drop_checkpoints(kept: Path, step: int) -> None:
    """Remove the checkpoints that will be written anew, and all but two of those before."""
    steps = _checkpoints(kept)
    staying = sorted(each for each in steps if each <= step)[-KEPT:]
    for each in sorted(steps.keys() - set(staying)):
        shutil.rmtree(steps[each], ignore_errors=True)


def _finish(run: Run, start: StartRecord, command: str | None) -> Result:
    """Write the result of a run whose policy verl has trained and played."""
    detector = CollapseDetector()
    for step in sorted(run.logged)[1:]:
        detector.observe(step, run.logged[step])
    episodes = RunReport(run.folder).test()
    game = Arena(run.recipe).game
    result = build_result(run, start, game, episodes, detector.collapse, command)
    run.finish(result)
    return result
