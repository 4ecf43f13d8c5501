"""Who samples replies, as a recipe says: the trained model itself, or a copy of it in vLLM."""

from collections.abc import Callable
from pathlib import Path

from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.placement import Placement
from arlarena_bench.policy.token_sampler import TokenSampler
from arlarena_bench.policy.vllm_sampler import VllmSampler
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.start import load_policy


def load_sampler(recipe: Recipe, folder: Path) -> TokenSampler:
    """Load a model to be played as it is.

    Raises:
        ArenaError: If the folder holds no model that can be used here.
    """
    return load_policy(recipe, folder) if samples_itself(recipe) else _vllm(recipe, folder)


def current_sampler(
    recipe: Recipe, policy: LanguageModel, folder: Path
) -> Callable[[], TokenSampler]:
    """Return what gives a sampler with the weights that a policy has when it is asked for.

    Args:
        recipe: The run's.
        policy: What is trained.
        folder: Of the policy that training began from.

    Raises:
        ArenaError: As `load_sampler`.
    """
    if samples_itself(recipe):
        return lambda: policy
    sampler = _vllm(recipe, folder)
    return lambda: sampler.follow(policy)


def samples_itself(recipe: Recipe) -> bool:
    """Return whether what is trained samples, too, so that updates read what was recorded then."""
    return recipe.sampler.engine == "transformers"


def _vllm(recipe: Recipe, folder: Path) -> VllmSampler:
    placement = Placement.of(recipe.start.checkpoint)
    return VllmSampler(folder, placement, recipe.protocol.chat, recipe.sampler)
