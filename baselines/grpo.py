"""GRPO: the base every other method changes in one of its four choices.

    A_i = (r_i - mean) / (std + 1e-6)                                  over the rows of a group
    ℓ   = max(-w A, -clip(w, 1-ε_low, 1+ε_high) A)                     w = π_θ / π_old of a token
    ℓ   = min(ℓ, -c A)  where A < 0                                    dual clip, c = 3
    L   = token-mean of ℓ          (GRPO_ST: seq-mean-token-mean)

    GRPO_SM, as CISPO_SM and SAPO_SM: row i counts unless A_i < 0 and
    (1/T_i) Σ_t log(π_old / π_θ) > δ

Source: ARLArena, Table 1, Eq. S1, S7; δ and the dual clip are the official code's alone.
Table S1: ε_low = ε_high = 0.2 (TIR Math: ε_high 0.28).
A row's score r is its episode's environment return minus the row's own penalty. Text and code:
`group_stats="turns"` (code) lets each turn count once in mean and std, so long episodes weigh
more, `"trajectories"` each episode; `dual_clip=None` is the paper's loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.objective import (
    Method,
    NonNegative,
    TokenLoss,
    TokenLossFunction,
    log_ratio,
    masked_mean,
)
from arlarena_bench.objective.method import Group

EPSILON = 1e-6


def renumber(keys: Tensor) -> Tensor:
    """Return (rows,): arbitrary numbers replaced by 0, 1, 2, ... in their order."""
    index: Tensor = torch.unique(keys, return_inverse=True)[1]
    return index


def statistics(values: Tensor, group: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, unbiased std (0 for a lone value) and size of groups numbered from 0."""
    size = group.bincount()
    zeros = values.new_zeros(len(size))
    # Measured from each group's lowest value, so that a tie gives 0 and not rounding noise.
    low = zeros.scatter_reduce(0, group, values, "amin", include_self=False)
    above = values - low[group]
    mean = zeros.index_add(0, group, above) / size
    square = zeros.index_add(0, group, (above - mean[group]) ** 2)
    return low + mean, (square / (size - 1).clamp(min=1)).sqrt(), size


@dataclass(frozen=True)
class GroupAdvantage:
    """Episode return against the other attempts at the same task."""

    group_stats: Literal["turns", "trajectories"] = "turns"

    def __call__(self, batch: Batch) -> Tensor:
        """Return (rows,)."""
        # In float32 the order of the rewards alone moves a sum by as much as EPSILON.
        score = batch.episode_return() - batch.penalty
        group = renumber(batch.group)
        samples, owner = score, group
        if self.group_stats == "trajectories":
            episode = renumber(batch.trajectory)
            samples, _, size = statistics(score, episode)
            owner = torch.empty_like(size).scatter(0, episode, group)
        mean, std, size = statistics(samples, owner)
        lone = size == 1
        mean, std = mean.masked_fill(lone, 0), std.masked_fill(lone, 1)
        return (score - mean[group]) / (std[group] + EPSILON)


def hard_clip(ratio: Tensor, adv: Tensor, low: float, high: float) -> tuple[Tensor, Tensor]:
    """Return PPO's pessimistic loss of each token, and where the clipped branch is the larger."""
    free, clipped = -adv * ratio, -adv * ratio.clamp(1 - low, 1 + high)
    return torch.maximum(free, clipped), clipped > free


@dataclass(frozen=True)
class HardClip:
    """Token ratios, clipped; a negative advantage never costs more than `dual_clip` times it."""

    keeps_mask: ClassVar[bool] = True
    clip_low: NonNegative = 0.2
    clip_high: NonNegative = 0.2
    dual_clip: Annotated[float, Field(gt=1)] | None = 3.0

    def __call__(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> TokenLoss:
        """Return losses with the fraction of tokens clipped, and clipped a second time."""
        ratio = log_ratio(log_probs, old_log_probs).exp()
        values, clipped = hard_clip(ratio, adv, self.clip_low, self.clip_high)
        info: dict[str, Tensor | float] = {"clip_fraction": masked_mean(clipped, mask)}
        if self.dual_clip is not None:
            bound = -adv * self.dual_clip
            capped = (adv < 0) & (values > bound)
            values = torch.where(capped, bound, values)
            info["dual_clip_fraction"] = masked_mean(capped, mask)
        return TokenLoss(values, mask, info)


@dataclass(frozen=True)
class SequenceMask:
    """Any clip, after leaving out rows of negative advantage that drifted below π_old."""

    inner: TokenLossFunction
    delta: NonNegative = 3e-3

    def __call__(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> TokenLoss:
        """Return the inner losses over the rows left, and how many rows were masked."""
        drift = masked_mean(old_log_probs - log_probs.detach(), mask, dim=-1)
        rejected = (masked_mean(adv, mask, dim=-1) < 0) & (drift > self.delta)
        kept = mask.masked_fill(rejected.unsqueeze(-1), 0)
        values, kept, info = self.inner(log_probs, old_log_probs, adv, kept)
        return TokenLoss(values, kept, {**info, "masked_rows": rejected.sum()})


@dataclass(frozen=True)
class EveryGroup:
    """No filter."""

    def __call__(self, groups: Sequence[Group]) -> list[Group]:
        """Return every group."""
        return list(groups)


def grpo() -> Method:
    """GRPO with token-mean aggregation."""
    return Method(
        advantage=GroupAdvantage(),
        loss=HardClip(),
        aggregation="token-mean",
        filter=EveryGroup(),
    )


def grpo_st() -> Method:
    """GRPO_ST: every sequence weighs the same, however long."""
    return replace(grpo(), aggregation="seq-mean-token-mean")


def grpo_sm() -> Method:
    """GRPO_SM: GRPO with sequence masking."""
    return replace(grpo(), loss=SequenceMask(HardClip()))
