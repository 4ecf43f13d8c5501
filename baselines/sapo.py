"""SAPO: a smooth gate in place of the clip.

    f(w) = σ(τ (w - 1)) 4/τ      τ = τ_pos where A > 0, else τ_neg; w = π_θ / π_old of a token
    ℓ    = -f(w) A
    L    = token-mean of ℓ

At w = 1 the gate is 2/τ and its slope 1, as the plain ratio's.

Source: ARLArena, Table 1, Eq. S10, S11. Table S1: τ_pos 1.0, τ_neg 1.05.
The sign of A is that of the row's mean advantage, as in the official code; the paper prints it by
token, which is the same wherever a row has one advantage. ε_low and ε_high change no loss: they
only say which tokens a hard clip would have cut, for `clip_fraction`.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from arlarena_bench.objective import (
    Method,
    NonNegative,
    Positive,
    TokenLoss,
    log_ratio,
    masked_mean,
)

from .grpo import SequenceMask, grpo


@dataclass(frozen=True)
class SoftGate:
    """A sigmoid of the ratio, flat where the ratio is far from 1."""

    keeps_mask: ClassVar[bool] = True
    tau_pos: Positive = 1.0
    tau_neg: Positive = 1.05
    clip_low: NonNegative = 0.2
    clip_high: NonNegative = 0.2

    def __call__(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> TokenLoss:
        """Return losses with the fraction of tokens a hard clip would have cut."""
        ratio = log_ratio(log_probs, old_log_probs).exp()
        positive = masked_mean(adv, mask, dim=-1).unsqueeze(-1) > 0
        tau_pos, tau_neg = ratio.new_tensor(self.tau_pos), ratio.new_tensor(self.tau_neg)
        tau = torch.where(positive, tau_pos, tau_neg)
        gate = torch.sigmoid(tau * (ratio - 1)) * 4 / tau
        above = (ratio > 1 + self.clip_high) & (adv > 0)
        below = (ratio < 1 - self.clip_low) & (adv < 0)
        return TokenLoss(-gate * adv, mask, {"clip_fraction": masked_mean(above | below, mask)})


def sapo() -> Method:
    """GRPO with the smooth gate."""
    return replace(grpo(), loss=SoftGate())


def sapo_sm() -> Method:
    """SAPO with sequence masking."""
    return replace(grpo(), loss=SequenceMask(SoftGate()))
