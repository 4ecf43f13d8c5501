"""The trackers that there are, each in a few lines around its package."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from arlarena_bench.adapters.needed import needed


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


class Tracker(Protocol):
    """Where numbers are shown."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show a step's numbers."""
        ...

    def close(self) -> None:
        """Write what is held back."""
        ...


class TensorBoard:
    """Events below the run's folder: `tensorboard --logdir` finds every run."""

    def __init__(self, run: Identity) -> None:
        with needed("trackers"):
            from torch.utils.tensorboard import SummaryWriter
        self._writer = SummaryWriter(str(run.folder))  # type: ignore[no-untyped-call]

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Write the numbers and have them on disk."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)  # type: ignore[no-untyped-call]
        self._writer.flush()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close the file."""
        self._writer.close()  # type: ignore[no-untyped-call]


class WeightsAndBiases:
    """Weights & Biases; without network, to be synchronised later, unless `WANDB_MODE` is set."""

    def __init__(self, run: Identity) -> None:
        with needed("trackers"):
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


class Trackio:
    """trackio, in its own folder of this machine (`TRACKIO_DIR`)."""

    def __init__(self, run: Identity) -> None:
        with needed("trackers"):
            import trackio
        self._run = trackio.init(
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
        self._run.log(dict(metrics), step=step)

    def close(self) -> None:
        """Wait until all is written."""
        self._run.finish()


TRACKERS: dict[str, Callable[[Identity], Tracker]] = {
    "tensorboard": TensorBoard,
    "trackio": Trackio,
    "wandb": WeightsAndBiases,
}
