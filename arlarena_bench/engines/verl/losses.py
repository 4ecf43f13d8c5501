"""Our methods as a policy loss in anybody's verl trainer: `policy_loss.loss_mode=arlarena`.

Advantages are the trainer's own there, and so is everything else: of a method it takes the token
loss and the aggregation. verl fixes what a minibatch is divided by before its loss runs: where the
loss leaves tokens out (sequence masking), they still count in that.
"""

from functools import lru_cache
from typing import Any

from torch import Tensor
from verl.trainer.ppo.core_algos import agg_loss, register_policy_loss

from arlarena_bench.engines.verl.shardable import shardable_method
from arlarena_bench.errors import ArenaError
from arlarena_bench.objective import Method, Wrapped

LOSS_MODE = "arlarena"
# The aggregations that verl has under the same names.
KNOWN = ("token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm")


def method_of_settings(policy_loss: Any) -> Method | Wrapped:
    """Return the method that verl's settings name.

    Args:
        policy_loss: verl's `actor_rollout_ref.actor.policy_loss`.

    Raises:
        ArenaError: If they name none, it is unknown, or its options are wrong.
    """
    name = policy_loss.get("method", "")
    if not name:
        raise ArenaError(
            f"policy_loss.loss_mode is {LOSS_MODE}, but no method is named: add "
            "+actor_rollout_ref.actor.policy_loss.method=NAME, and see docs/scale.md"
        )
    return _method(name, tuple(sorted(dict(policy_loss.get("options", {})).items())))


@lru_cache(maxsize=8)
def _method(name: str, options: tuple[tuple[str, Any], ...]) -> Method | Wrapped:
    method = shardable_method(name, dict(options))
    if method.aggregation not in KNOWN:
        raise ArenaError(
            f"method {name} aggregates by {method.aggregation}, which verl does not have; set "
            f"its option aggregation to one of {', '.join(KNOWN)}"
        )
    return method


@register_policy_loss(LOSS_MODE)
def arlarena_loss(
    old_log_prob: Tensor,
    log_prob: Tensor,
    advantages: Tensor,
    response_mask: Tensor,
    loss_agg_mode: str = "",
    config: Any = None,
    rollout_is_weights: Tensor | None = None,
) -> tuple[Tensor, dict[str, float]]:
    """Return a micro-batch's share of the loss, and what the method says of it.

    Args:
        old_log_prob: (rows, tokens) under the policy before the update, nats.
        log_prob: (rows, tokens) under the policy in training, nats, with gradient.
        advantages: (rows, tokens), the trainer's.
        response_mask: (rows, tokens) 1 where a token counts.
        loss_agg_mode: verl's; the method has its own.
        config: verl's `actor_rollout_ref.actor`, with sizes of the whole minibatch.
        rollout_is_weights: (rows, tokens) that each loss is multiplied by, where verl corrects for
            its sampler.

    Raises:
        ArenaError: If the method is unknown or its loss fails.
    """
    method = method_of_settings(config.policy_loss)
    mask = response_mask.to(log_prob.dtype)
    values, kept, info = method.token_loss(log_prob, old_log_prob, advantages, mask)
    if rollout_is_weights is not None:
        values = values * rollout_is_weights
    loss = agg_loss(values, kept, method.aggregation, **config.global_batch_info)
    return loss, {f"actor/{name}": float(number) for name, number in info.items()}
