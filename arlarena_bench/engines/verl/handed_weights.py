"""Weights from verl's ranks into a model of ours."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.placement import Placement
from arlarena_bench.recipe import Recipe


def load_on_cpu(recipe: Recipe, folder: Path) -> LanguageModel:
    """Load a model as a recipe says, whatever devices there are, on the CPU."""
    checkpoint = recipe.start.checkpoint
    named = None if checkpoint is None or checkpoint.dtype == "auto" else checkpoint.dtype
    dtype = None if named is None else getattr(torch, named)
    return LanguageModel.load(folder, Placement(dtype=dtype), recipe.protocol.chat)


def take_weights(policy: LanguageModel, weights: Mapping[str, Tensor]) -> None:
    """Replace all weights of a model.

    Args:
        policy: Whose.
        weights: By their names in the model; shared ones by one of theirs at least.

    Raises:
        ArenaError: If some are missing, or another model's.
    """
    held = dict(policy.model.named_parameters(remove_duplicate=False))
    given = {id(parameter) for name, parameter in held.items() if name in weights}
    missing = [name for name, parameter in held.items() if id(parameter) not in given]
    strange = sorted(weights.keys() - policy.state().keys())
    if missing or strange:
        raise ArenaError(f"verl's weights are another model's: {', '.join([*missing, *strange])}")
    policy.model.load_state_dict(dict(weights), strict=False)
