"""SAMPO: Stable Agentic Multi-turn Policy Optimization, the paper's own method.

    L(θ) = -(1/G) Σ_i (1/T_i) Σ_t min(s_i A'_i, clip(s_i, 1-ε_low, 1+ε_high) A'_i)
    s_i  = exp((1/T_i) Σ_t log(π_θ / π_old))        GSPO's sequence ratio
    A'_i = A_GRPO + ω A_step                        GiGPO's advantage
    0 < #correct < G                                DAPO's filter

Source: ARLArena, Eq. 8 and Table 1. SAMPO has no row in Table S1; the official ALFWorld script has
ε_low 3e-3, ε_high 4e-3, γ 0.95, ω 1.
Text and code: Eq. 8 prints a token-mean over Σ T_i, which is `aggregation="token-mean"`; the code
takes GSPO's loss as it is, averaged by sequence. For #correct see DAPO's `filter_on`.
"""

from arlarena_bench.objective import Method

from .dapo import MixedOutcomes
from .gigpo import StepAdvantage
from .gspo import SequenceClip


def sampo() -> Method:
    """Sequence clipping, turn-level credit and dynamic filtering."""
    return Method(
        advantage=StepAdvantage(),
        loss=SequenceClip(),
        aggregation="seq-mean-token-mean",
        filter=MixedOutcomes(),
    )
