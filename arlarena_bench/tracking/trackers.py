"""The trackers that there are, each in a few lines around its package."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from arlarena_bench.errors import ArenaError, unknown


class Identity(NamedTuple):
    """What a tracker calls a run.

    Attributes:
        project: Preset and environment.
        name: Method and seed.
        id: The run's own, letters and digits.
        settings: The recipe.
        folder: Where the tracker may write.
    """

    project: str
    name: str
    id: str
    settings: dict[str, Any]
    folder: Path


class Tracker(ABC):
    """Where a run's numbers are shown.

    Attributes:
        package: What it needs.
    """

    package: ClassVar[str]

    @abstractmethod
    def __init__(self, run: Identity) -> None: ...

    @abstractmethod
    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show a step's numbers."""

    @abstractmethod
    def close(self) -> None:
        """Write what is held back."""


class TensorBoard(Tracker):
    """Events below the run's folder: `tensorboard --logdir` finds every run."""

    package = "tensorboard"

    def __init__(self, run: Identity) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(run.folder))

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Write the numbers and have them on disk."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


class WeightsAndBiases(Tracker):
    """Weights & Biases; without network, to be synchronised later, unless `WANDB_MODE` is set."""

    package = "wandb"

    def __init__(self, run: Identity) -> None:
        import wandb

        self._run = wandb.init(
            project=run.project,
            name=run.name,
            id=run.id,
            config=run.settings,
            dir=run.folder,
            mode=os.environ.get("WANDB_MODE", "offline"),
            resume="allow",
            reinit="create_new",
            settings=wandb.Settings(
                console="off", silent=True, disable_git=True, x_disable_stats=True
            ),
        )

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show a step's numbers."""
        self._run.log(dict(metrics), step=step)

    def close(self) -> None:
        """Wait until all is written."""
        self._run.finish()


class Trackio(Tracker):
    """trackio, in its own folder of this machine (`TRACKIO_DIR`)."""

    package = "trackio"

    def __init__(self, run: Identity) -> None:
        import trackio

        self._trackio = trackio
        with redirect_stdout(sys.stderr):
            trackio.init(
                project=run.project,
                name=f"{run.name}-{run.id[:8]}",
                config=run.settings,
                resume="allow",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show a step's numbers."""
        self._trackio.log(dict(metrics), step=step)

    def close(self) -> None:
        """Wait until all is written."""
        with redirect_stdout(sys.stderr):
            self._trackio.finish()


TRACKERS: dict[str, type[Tracker]] = {
    "tensorboard": TensorBoard,
    "trackio": Trackio,
    "wandb": WeightsAndBiases,
}


def check_trackers(names: Iterable[str]) -> None:
    """Refuse what cannot be shown in, before anything runs.

    Raises:
        ArenaError: If there is no such tracker, or its package is not installed.
    """
    for name in names:
        if name not in TRACKERS:
            raise unknown("tracker", name, TRACKERS)
        if find_spec(TRACKERS[name].package) is None:
            raise ArenaError(f"{name} is not installed: pip install 'arlarena-bench[trackers]'")
