"""The loss of a minibatch that verl's engine cuts into micro-batches, on one rank or several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad
from verl.workers.utils.padding import no_padding_2_padding

from arlarena_bench.engines.verl.objective_config import Objective
from arlarena_bench.objective import TokenLoss, Totals, combine_info, kl, reduce
from arlarena_bench.training.diagnostics import update_metrics

# 1 for a row of the rollout, 0 for one that verl has added so that the ranks get as many each.
REAL = "arlarena_real"


class Shard(NamedTuple):
    """The real rows of a micro-batch, (rows, tokens) each, right-padded; 0 outside the mask.

    Attributes:
        log_probs: Under the policy in training, nats.
        entropy: Of it, nats.
        old_log_probs: Under the policy before the update, nats.
        advantages: Of each token.
        mask: 1 where the policy wrote the token and it counts.
        reference: Log-probabilities under the reference policy, nats.
        behaviour: Those under what sampled; None where that is the old policy.
    """

    log_probs: Tensor
    entropy: Tensor
    old_log_probs: Tensor
    advantages: Tensor
    mask: Tensor
    reference: Tensor
    behaviour: Tensor | None

    @classmethod
    def of(cls, model_output: Any, data: Any, objective: Objective) -> "Shard":
        """Read what verl's engine gives a loss: its model's answers, and a micro-batch."""
        real = data[REAL].bool()

        def answered(name: str) -> Tensor:
            padded: Tensor = no_padding_2_padding(model_output[name], data)
            return padded[real]

        def given(name: str) -> Tensor:
            padded: Tensor = data[name].to_padded_tensor(0.0)[real]
            return padded.to(torch.get_default_dtype())

        return cls(
            answered("log_probs"),
            answered("entropy"),
            given("old_log_probs"),
            given("advantages"),
            given("response_mask"),
            given("ref_log_prob"),
            given("rollout_log_probs") if objective.tis_cap is not None else None,
        )

    def token_loss(self, objective: Objective) -> TokenLoss:
        """Return the method's loss of each token."""
        tensors = (self.log_probs, self.old_log_probs, self.advantages, self.mask)
        cap = objective.tis_cap
        if cap is None:
            return objective.method.token_loss(*tensors)
        return objective.method.token_loss(*tensors, self.behaviour, tis_cap=cap)


class KeptTokens:
    """Counts what a method's loss keeps, in place of a loss, in a pass without gradient."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self.totals = Totals()

    def __call__(
        self, *, model_output: Any, data: Any, dp_group: Any = None
    ) -> tuple[Tensor, dict[str, Any]]:
        """Count a micro-batch; the loss returned is 0."""
        shard = Shard.of(model_output, data, self._objective)
        self.totals += Totals.of(shard.token_loss(self._objective).mask)
        return shard.log_probs.new_zeros(()), {}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a micro-batch leaves for the metrics."""

    shard: Shard
    result: TokenLoss


class MinibatchLoss:
    """The share of a minibatch's loss that one micro-batch has.

    Args:
        objective: What is minimised.
        whole: Totals of the masks of all ranks.
        kept: Totals of what the loss keeps of them.
        ranks: How many there are: FSDP takes the mean of their gradients, and we want the sum.

    Attributes:
        seen: One entry a micro-batch.
    """

    def __init__(self, objective: Objective, whole: Totals, kept: Totals, ranks: int) -> None:
        self._objective, self._whole, self._kept = objective, whole, kept
        self._ranks = ranks
        self.seen: list[Seen] = []

    def __call__(
        self, *, model_output: Any, data: Any, dp_group: Any = None
    ) -> tuple[Tensor, dict[str, Any]]:
        """Return the loss to differentiate, and no metrics: those are of the whole minibatch."""
        objective, whole = self._objective, self._whole
        shard = Shard.of(model_output, data, objective)
        result = shard.token_loss(objective)
        mode = objective.method.aggregation
        loss = reduce(result.values, result.mask, mode, self._kept)
        if objective.kl_coef:
            penalty = kl(shard.log_probs, shard.reference, objective.kl_estimator)
            loss = loss + objective.kl_coef * reduce(penalty, shard.mask, mode, whole)
        if objective.entropy_coef:
            bonus = reduce(shard.entropy, shard.mask, mode, whole)
            loss = loss - objective.entropy_coef * bonus
        self.seen.append(_detached(shard, result))
        return loss * self._ranks, {}


def _detached(shard: Shard, result: TokenLoss) -> Seen:
    """Return both on the CPU, without graph and without the losses, which nothing asks for."""
    tensors: Any = (None if tensor is None else tensor.detach().cpu() for tensor in shard)
    mask = result.mask.detach().cpu()
    info = {name: torch.as_tensor(value).cpu() for name, value in result.info.items()}
    return Seen(Shard(*tensors), TokenLoss(torch.zeros_like(mask), mask, info))


def minibatch_metrics(seen: Sequence[Seen]) -> dict[str, float]:
    """Return the metrics of a minibatch out of its micro-batches on all ranks.

    Args:
        seen: All of them, in any order.

    Returns:
        Metric names to values, as the local engine has them, and `tokens`, how many counted.
    """
    longest = max(entry.shard.mask.shape[1] for entry in seen)

    def joined(name: str) -> Tensor:
        parts = [getattr(entry.shard, name) for entry in seen]
        return torch.cat([pad(part, (0, longest - part.shape[1])) for part in parts])

    mask = joined("mask")
    measured = update_metrics(
        joined("log_probs"),
        joined("old_log_probs"),
        joined("reference"),
        joined("advantages"),
        joined("entropy"),
        mask,
    )
    info = combine_info([entry.result for entry in seen])
    return {**measured, **info, "tokens": float(mask.sum())}
