"""Checkpoints that know whether they are whole."""

import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import torch

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.policy.base import Trainable
from arlarena_bench.training.masters import Masters

KEPT = 2


class Learning(Protocol):
    """What a checkpoint keeps; `Learner` describes each part."""

    updates: int
    skipped_in_row: int

    @property
    def policy(self) -> Trainable:
        """Its weights."""

    @property
    def optimiser(self) -> torch.optim.Optimizer:
        """Its moments."""

    @property
    def masters(self) -> Masters:
        """What weights of 16 bits are rounded from."""


class DamagedError(ArenaError):
    """A checkpoint is not what was written; the one before may be."""


def save_checkpoint(folder: Path, step: int, learner: Learning) -> None:
    """Write weights, optimiser and counters; the name carries the content's hash.

    Random streams are derived from the recipe's seed and the step, so the step restores them.
    """
    buffer = io.BytesIO()
    state = {
        "step": step,
        "updates": learner.updates,
        "model": learner.policy.state(),
        "optimiser": learner.optimiser.state_dict(),
        "masters": learner.masters.state(),
        "skipped_in_row": learner.skipped_in_row,
    }
    torch.save(state, buffer)
    data = buffer.getvalue()
    write_whole(folder / f"step-{step:06d}-{_content_hash(data)}.pt", data)
    for _, old in list(_newest_first(folder))[KEPT:]:
        old.unlink(missing_ok=True)


def load_checkpoint(folder: Path, learner: Learning, latest: int) -> tuple[int, list[str]]:
    """Restore the newest whole checkpoint.

    Args:
        folder: Where checkpoints lie.
        learner: Receives weights, optimiser and counters.
        latest: Checkpoints of later steps are passed over.

    Returns:
        The step restored (0 if there was none to restore), and a line about each damaged file.

    Raises:
        ArenaError: If a checkpoint is whole, but another model's.
    """
    damaged = []
    for step, path in _newest_first(folder):
        if step > latest:
            continue
        try:
            _restore(path, learner)
        except DamagedError as error:
            damaged.append(str(error))
        else:
            return step, damaged
    return 0, damaged


def _restore(path: Path, learner: Learning) -> None:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedError(f"checkpoint {path} cannot be read: {error.strerror}") from None
    if not path.stem.endswith(_content_hash(data)):
        raise DamagedError(f"checkpoint {path} is damaged; falling back to the one before")
    state = torch.load(io.BytesIO(data), weights_only=True)
    try:
        learner.policy.load_state(state["model"])
        learner.optimiser.load_state_dict(state["optimiser"])
        learner.masters.load_state(state.get("masters", []))
    except (ArenaError, ValueError) as error:
        raise ArenaError(
            f"checkpoint {path} is no checkpoint of this recipe's model ({error}); start again "
            "with another --out"
        ) from error
    learner.updates = state["updates"]
    learner.skipped_in_row = state.get("skipped_in_row", 0)


def _newest_first(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in sorted(folder.glob("step-*.pt"), reverse=True):
        if match := re.fullmatch(r"step-(\d+)-[0-9a-f]{16}", path.stem):
            yield int(match[1]), path


def _content_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
