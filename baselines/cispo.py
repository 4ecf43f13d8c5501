"""CISPO: the clipped ratio is a weight, so no token loses its gradient.

    ŵ = sg(clip(w, 1-ε_low, 1+ε_high))      w = π_θ / π_old of a token
    ℓ = -ŵ A log π_θ
    L = token-mean of ℓ

Source: ARLArena, Table 1, Eq. S8, S9; MiniMax-M1, arXiv 2506.13585.
Table S1: ε_low 1, ε_high 0.2 (TIR Math: 0.28). ε_low = 1 puts the lower bound at 0, which is the
paper's Eq. S8: no lower clip.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from arlarena_bench.objective import Method, NonNegative, TokenLoss, log_ratio, masked_mean

from .grpo import SequenceMask, grpo


@dataclass(frozen=True)
class DetachedWeight:
    """The clipped ratio as a constant weight of log π_θ."""

    keeps_mask: ClassVar[bool] = True
    clip_low: NonNegative = 1.0
    clip_high: NonNegative = 0.2

    def __call__(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> TokenLoss:
        """Return losses with the fraction of tokens whose weight was clipped."""
        ratio = log_ratio(log_probs.detach(), old_log_probs).exp()
        weight = ratio.clamp(1 - self.clip_low, 1 + self.clip_high)
        clipped = masked_mean(ratio != weight, mask)
        return TokenLoss(-weight * adv * log_probs, mask, {"clip_fraction": clipped})


def cispo() -> Method:
    """GRPO with detached weights."""
    return replace(grpo(), loss=DetachedWeight())


def cispo_sm() -> Method:
    """CISPO with sequence masking."""
    return replace(grpo(), loss=SequenceMask(DetachedWeight()))
