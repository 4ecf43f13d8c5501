"""GSPO: one importance ratio for a whole sequence.

    s_i     = exp((1/T_i) Σ_t log(π_θ / π_old))
    s_{i,t} = sg(s_i) π_θ / sg(π_θ)                      equal in value, gradient token by token
    ℓ       = max(-s A, -clip(s, 1-ε_low, 1+ε_high) A)   and no dual clip
    L       = seq-mean-token-mean of ℓ

Source: ARLArena, Table 1, Eq. S12, S13; Zheng et al., arXiv 2507.18071.
Table S1: ε_low 3e-3, ε_high 4e-3 (WebShop: 3e-2, 4e-2).
Text and code: the paper prints a token-mean, the official code always takes seq-mean-token-mean;
`aggregation="token-mean"` is the paper's. log s is capped at 10 by the code.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from arlarena_bench.objective import Method, NonNegative, TokenLoss, masked_mean

from .grpo import grpo, hard_clip

LOG_RATIO_CAP = 10.0


@dataclass(frozen=True)
class SequenceClip:
    """The geometric-mean ratio of a row's tokens, clipped."""

    keeps_mask: ClassVar[bool] = True
    clip_low: NonNegative = 3e-3
    clip_high: NonNegative = 4e-3

    def __call__(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> TokenLoss:
        """Return losses with the fraction of tokens clipped."""
        now = log_probs.detach()
        log_sequence = masked_mean(now - old_log_probs, mask, dim=-1).unsqueeze(-1)
        ratio = (log_sequence + log_probs - now).clamp(max=LOG_RATIO_CAP).exp()
        values, clipped = hard_clip(ratio, adv, self.clip_low, self.clip_high)
        return TokenLoss(values, mask, {"clip_fraction": masked_mean(clipped, mask)})


def gspo() -> Method:
    """GRPO with the sequence ratio, averaged by sequence."""
    return replace(grpo(), loss=SequenceClip(), aggregation="seq-mean-token-mean")
