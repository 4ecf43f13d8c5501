"""Losses of single tokens: what a loss choice returns, its checks, its numbers over shards."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError
from arlarena_bench.objective.guards import (
    blaming,
    check_finite,
    check_shape,
    check_tensors,
    scalars,
)
from arlarena_bench.objective.ratio import log_ratio

TIS_CAP = 2.0


class TokenLoss(NamedTuple):
    """What a token loss function returns.

    Attributes:
        values: (rows, tokens) loss of each token, to be minimised.
        mask: (rows, tokens) the tokens that still count: those given, or fewer.
        info: Numbers worth logging, floats or scalar tensors. An integer is a count, anything else
            a mean over the tokens that count: so shards are put together (`combine_info`).
    """

    values: Tensor
    mask: Tensor
    info: Mapping[str, Tensor | float]


class TokenLossFunction(Protocol):
    """Turns importance ratios and advantages into per-token losses.

    A minibatch may come in shards of whole rows, so that what it returns of a row must not depend
    on other rows. One that never leaves a token out of the mask says `keeps_mask = True` and saves
    a sharded update the pass that finds out.
    """

    def __call__(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor, /
    ) -> TokenLoss:
        """Every argument is (rows, tokens), 0 outside the mask; only `log_probs` has a gradient."""


def sampler_weights(old_log_probs: Tensor, behaviour: Tensor, cap: float = TIS_CAP) -> Tensor:
    """Return (rows, tokens): min(π_old / π_behaviour, cap), without gradient.

    Truncated importance sampling (Ionides, 2008) for replies that another engine sampled than the
    one that trains: Yao et al., "Your efficient RL framework secretly brings you off-policy RL
    training", 2025.

    Args:
        old_log_probs: (rows, tokens) under the policy before the update, by the trainer, nats.
        behaviour: (rows, tokens) under what sampled, nats.
        cap: Largest weight, above 0.

    Raises:
        ArenaError: If the cap is not above 0.
    """
    if not cap > 0:
        raise ArenaError(f"tis_cap must be above 0, got {cap}")
    return log_ratio(old_log_probs, behaviour).exp().clamp(max=cap).detach()


def checked_token_loss(
    function: Callable[[Tensor, Tensor, Tensor, Tensor], TokenLoss],
    author: str,
    tensors: Sequence[Tensor],
    behaviour: Tensor | None,
    *,
    tis_cap: float,
    keeps_mask: bool,
) -> TokenLoss:
    """Call a loss, hold what it returns to its promises, and weigh it where another sampled.

    Args:
        function: The loss.
        author: What to call it in errors.
        tensors: log_probs, old_log_probs, adv and mask, each (rows, tokens).
        behaviour: (rows, tokens) under what sampled; None where that is the old policy.
        tis_cap: See `sampler_weights`.
        keeps_mask: Whether it has promised to leave no token out.

    Returns:
        Losses and mask 0 outside what it keeps, numbers without graph.

    Raises:
        ArenaError: As `Method.token_loss` says.
    """
    log_probs, old_log_probs, adv, mask = tensors
    check_tensors("token_loss", log_probs, old_log_probs=old_log_probs, adv=adv, mask=mask)
    # Padding may hold anything, even NaN; zeros keep it out of the loss and its gradient.
    padding = mask <= 0
    log_probs = log_probs.masked_fill(padding, 0)
    old_log_probs = old_log_probs.detach().masked_fill(padding, 0)
    adv = adv.detach().masked_fill(padding, 0)
    counted = (~padding).to(log_probs.dtype)
    inputs = [log_probs, old_log_probs, adv]

    with blaming(author):
        result = function(log_probs, old_log_probs, adv, counted)
    if not isinstance(result, tuple) or len(result) != len(TokenLoss._fields):
        raise ArenaError(f"{author} must return a TokenLoss, got {type(result).__name__}")
    values, kept, info = result
    check_shape(f"{author}'s values", values, log_probs)
    check_shape(f"{author}'s mask", kept, log_probs)
    keep = (kept > 0) & ~padding
    if keeps_mask and not torch.equal(keep, ~padding):
        raise ArenaError(
            f"{author} says keeps_mask = True, but leaves tokens out: remove that line"
        )
    values = torch.where(keep, values, 0)
    if behaviour is not None:
        check_tensors("token_loss", log_probs, behaviour=behaviour)
        behaviour = behaviour.detach().masked_fill(padding, 0)
        values = values * sampler_weights(old_log_probs, behaviour, tis_cap)
        inputs.append(behaviour)
    check_finite(author, values.detach().sum(dtype=torch.double).item(), *inputs)
    return TokenLoss(values, keep.to(log_probs.dtype), scalars(author, info, values.device))


def combine_info(parts: Sequence[TokenLoss]) -> dict[str, float]:
    """Return the numbers of a whole minibatch from those of its shards.

    A count (an integer) adds up. Anything else is a mean over the tokens that count, so that each
    shard weighs as many as it has.

    Args:
        parts: What `token_loss` returned of each shard, at least one.
    """
    tokens = torch.stack([part.mask.sum() for part in parts]).double()
    combined: dict[str, Tensor] = {}
    for name in dict.fromkeys(name for part in parts for name in part.info):
        own = [index for index, part in enumerate(parts) if name in part.info]
        numbers = torch.stack([torch.as_tensor(parts[index].info[name]) for index in own])
        if not numbers.is_floating_point() and numbers.dtype != torch.bool:
            combined[name] = numbers.sum().double()
            continue
        share = torch.where(tokens[own].any(), tokens[own], 1)
        # A mean over no token may be NaN, and weighs nothing.
        combined[name] = torch.where(share > 0, numbers.double() * (share / share.sum()), 0).sum()
    if not combined:
        return {}
    # One transfer from the device, not one a number.
    return dict(zip(combined, torch.stack(list(combined.values())).tolist(), strict=True))
