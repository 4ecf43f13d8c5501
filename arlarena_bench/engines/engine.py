"""The seam behind which runs are trained: whatever does the work, a folder holds the same files."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from arlarena_bench.errors import unknown
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import Result

OnStep = Callable[[dict[str, float]], None]

# Each in a module, imported when it is asked for, whose `on` returns it.
ENGINES = {
    "local": "arlarena_bench.engines.local",
    "verl": "arlarena_bench.engines.verl.run_on_verl",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a run goes: so many nodes, each with so many GPUs."""

    nodes: int = 1
    gpus: int = 1


ONE_GPU = Cluster()


class Engine(Protocol):
    """Takes a resolved recipe and a run's folder, and leaves the same files as any other."""

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
        """Train one method from the recipe's start policy and score it on the test panel.

        Args:
            recipe: Every setting of the run, from `Recipe.for_run`.
            out: The run's folder.
            resume: Go on with the run in `out` where it was interrupted.
            stop_on_collapse: End training when the detector fires.
            on_step: Called with each step's metrics.
            warn: Called with a line about each damaged checkpoint.
            command: What was run, for the record; None for a call from Python.

        Returns:
            The result, as written to the folder.

        Raises:
            ArenaError: If `out` holds another run, the method cannot learn from the environment's
                rows, its functions fail, or the engine cannot run here.
        """

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
        """Train up to a step, and leave a checkpoint from which `train` or this goes on.

        Nothing is scored on the test panel.

        Args:
            recipe: As for `train`, which decides how long the whole run is.
            out: The run's folder.
            until: The last step to make; what was made before counts.
            resume: As for `train`.
            on_step: As for `train`.
            warn: As for `train`.

        Raises:
            ArenaError: As for `train`, or if the run has no such step.
        """

    def planned(self, recipe: Recipe, out: Path) -> str | None:
        """Return the command that a run would be elsewhere; nothing is started.

        Args:
            recipe: As for `train`.
            out: The run's folder.

        Returns:
            None where it would be this process.

        Raises:
            ArenaError: If the engine cannot run the recipe.
        """


def engine_named(name: str, cluster: Cluster = ONE_GPU) -> Engine:
    """Return an engine by name, to work on a cluster.

    Raises:
        ArenaError: If there is none of that name, or it cannot work there.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    return cast(Engine, import_module(ENGINES[name]).on(cluster))
