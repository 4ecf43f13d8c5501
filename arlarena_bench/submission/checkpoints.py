"""The policy of a result, with the weights that lie in the bundle."""

import hashlib
from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file
from torch import Tensor

from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.record import Result
from arlarena_bench.submission.bundle_folder import MODEL, BundleFolder
from arlarena_bench.submission.strict_json import RejectedError
from arlarena_bench.training.start_set import WEIGHTS, find_set


def without_checkpoint(folder: BundleFolder, run: str, result: Result) -> str | None:
    """Return why there is no policy of a result to be asked again; None if there is one."""
    if result.policy.kind == "scripted":
        return f"{result.policy.name} is a script, which the replay has asked again"
    if result.policy.kind == "model":
        return "its policy is no run of a recipe, and comes without a checkpoint"
    if result.recipe.start.frozen is None:
        return "its start is not shipped, so that nothing says how a checkpoint is to be read"
    if result.policy.kind == "trained" and f"{run}/{MODEL}/{WEIGHTS}" not in folder.sizes:
        return "it comes without its checkpoint"
    return None


def policy_of(folder: BundleFolder, run: str, result: Result) -> LanguageModel:
    """Return the policy of a result that is not `without_checkpoint`.

    Architecture and tokenizer are those of the shipped start; of the bundle only the weights are
    read, so that nothing in it decides what is built here.

    Raises:
        ArenaError: If the start's files were changed.
        RejectedError: If the weights are not of that architecture, not finite, or those of the
            start although training has updated them.
    """
    shipped = find_set(str(result.recipe.start.frozen))
    start = shipped.start(shipped.number(result.seed))
    model = LanguageModel.load(start)
    if result.policy.kind == "start":
        return model
    name = f"{run}/{MODEL}/{WEIGHTS}"
    content = folder.read(name)
    if hashlib.sha256(content).hexdigest() != result.policy.sha256:
        raise RejectedError(f"{name}: is not the policy that played")
    begun = load_file(start / WEIGHTS)
    weights = _weights(content, name, begun)
    own = dict(model.model.named_parameters())
    with torch.no_grad():
        for key, value in weights.items():
            own[key].copy_(value)
    updates = result.training.last("cost/updates") if result.training else None
    skipped = result.training.skipped_updates if result.training else 0
    same = all(torch.equal(weights[key], begun[key].to(weights[key].dtype)) for key in begun)
    if same and updates is not None and updates > skipped:
        raise RejectedError(
            f"{name}: is the start, although {updates - skipped:.0f} updates are on record"
        )
    return model


def _weights(content: bytes, name: str, begun: Mapping[str, Tensor]) -> dict[str, Tensor]:
    try:
        weights: dict[str, Tensor] = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise RejectedError(f"{name}: is no file of weights: {error}") from None
    shapes = {key: tuple(value.shape) for key, value in weights.items()}
    if shapes != {key: tuple(value.shape) for key, value in begun.items()}:
        raise RejectedError(f"{name}: its weights have other names or shapes than its start's")
    for key, value in weights.items():
        if not value.is_floating_point() or not value.isfinite().all():
            raise RejectedError(f"{name}: {key} holds what is no finite float")
    return weights
