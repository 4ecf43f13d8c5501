"""A recipe as verl's settings, every one of them as an override of its command line."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arlarena_bench.recipe import Recipe

PACKAGE = "arlarena_bench.engines.verl"
# The micro-batch of a recipe that sets no limit: verl has to have one, and this is its own.
MOST_TOKENS = 16384

ACTOR = "actor_rollout_ref.actor"
ROLLOUT = "actor_rollout_ref.rollout"
MODEL = "actor_rollout_ref.model"
REFERENCE = "actor_rollout_ref.ref"

# What hydra takes for a string without quotes.
_WORD = re.compile(r"(?!(true|false|null|nan|inf)$)[A-Za-z_/][\w./-]*")


def words(overrides: Mapping[str, Any]) -> list[str]:
    """Return overrides as words of a command line; a key that verl does not know begins with +."""
    return [f"{key}={_value(value)}" for key, value in overrides.items()]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, Path):
        value = value.as_posix()
    if isinstance(value, str) and not _WORD.fullmatch(value):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else json.dumps(value)


def update_overrides(recipe: Recipe) -> dict[str, Any]:
    """Return what an update is: the method's loss, KL, entropy and the optimiser."""
    train = recipe.train
    return {
        f"{ACTOR}.policy_loss._target_": f"{PACKAGE}.objective_config.ArenaLossConfig",
        f"{ACTOR}.policy_loss.loss_mode": "arlarena",
        f"+{ACTOR}.policy_loss.method": recipe.method.name,
        f"+{ACTOR}.policy_loss.options": dict(recipe.method.options),
        f"+{ACTOR}.policy_loss.kl_estimator": train.kl_estimator,
        f"+{ACTOR}.policy_loss.tis_cap": train.tis_cap,
        f"+{ACTOR}.policy_loss.max_skipped": train.max_skipped,
        # With a weight of 0, too: how far the policy is from its start is always logged.
        f"{ACTOR}.use_kl_loss": True,
        f"{ACTOR}.kl_loss_coef": train.kl_coef,
        f"{ACTOR}.entropy_coeff": train.entropy_coef,
        f"{ACTOR}.calculate_entropy": True,
        f"{ACTOR}.optim.lr": train.learning_rate,
        f"{ACTOR}.optim.lr_warmup_steps": train.warmup,
        f"{ACTOR}.optim.betas": [train.adam_beta1, train.adam_beta2],
        f"{ACTOR}.optim.weight_decay": train.weight_decay,
        f"{ACTOR}.optim.clip_grad": train.grad_clip,
        f"{ACTOR}.optim.override_optimizer_config": {"eps": train.adam_eps},
        f"{ACTOR}.use_dynamic_bsz": True,
        f"{ACTOR}.ppo_max_token_len_per_gpu": train.micro_batch_tokens or MOST_TOKENS,
        f"{ACTOR}.ppo_mini_batch_size": train.groups,
        f"{ACTOR}.ppo_epochs": 1,
    }


def model_overrides(recipe: Recipe, model: str) -> dict[str, Any]:
    """Return what is trained, and how it is held.

    Args:
        recipe: A shipped or cloned start is held as it is; a checkpoint as the recipe says.
        model: Its folder, or its id on the hub.
    """
    checkpoint = recipe.start.checkpoint
    overrides: dict[str, Any] = {MODEL + ".path": model}
    strategies = {f"{role}.strategy": "fsdp2" for role in (ACTOR, REFERENCE)}
    if checkpoint is None:
        return overrides | {f"{MODEL}.enable_gradient_checkpointing": False} | strategies
    overrides[f"{MODEL}.enable_gradient_checkpointing"] = checkpoint.gradient_checkpointing
    if checkpoint.attention is not None:
        attention = {"attn_implementation": checkpoint.attention}
        overrides[f"+{MODEL}.override_config"] = attention
    exact = in_single_precision() if checkpoint.dtype == "float32" else {}
    return overrides | strategies | exact


def in_single_precision() -> dict[str, Any]:
    """Return that nothing is computed in 16 bits; verl keeps and sums weights in 32 in any case."""
    mixed = {"param_dtype": "fp32", "reduce_dtype": "fp32", "buffer_dtype": "fp32"}
    overrides: dict[str, Any] = {f"{ROLLOUT}.dtype": "float32"}
    for role in (ACTOR, REFERENCE):
        overrides[f"{role}.fsdp_config.dtype"] = "float32"
        overrides[f"+{role}.fsdp_config.mixed_precision"] = mixed
    return overrides


def without_accelerators() -> dict[str, Any]:
    """Return attention that needs no GPU's kernels, rows apart for it, and nothing compiled."""
    return {
        f"{MODEL}.use_remove_padding": False,
        f"+{MODEL}.override_config.attn_implementation": "sdpa",
        f"{ACTOR}.use_torch_compile": False,
        **in_single_precision(),
    }
