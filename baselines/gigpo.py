"""GiGPO: credit for single turns, from attempts that passed through the same state.

    R_k    = Σ_{m≥k} γ^(m-k) r_m - penalty_k
    A_step = (R - mean) / (std + 1e-6)      over turns with one anchor in one group; alone: 0
    A'     = A_GRPO + ω A_step

r_m is the environment's reward, so that a penalty counts at its own turn and in no return before.

Source: ARLArena, Table 1, Eq. S15-S19; Feng et al., arXiv 2505.10978.
Table S1: γ 0.95, ω 1, ε 0.2, normalised by mean and std (WebShop's SAMPO script: by mean only).
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.objective import Advantage, Fraction, Method, NonNegative

from .grpo import EPSILON, GroupAdvantage, grpo, renumber, statistics


def discounted_return(batch: Batch, gamma: float) -> Tensor:
    """Return (rows,): the discounted environment reward from each turn to its episode's end."""
    episode = renumber(batch.trajectory)
    turns = int(batch.turn.max()) + 1
    reward = torch.zeros(int(episode.max()) + 1, turns, dtype=torch.double, device=episode.device)
    reward[episode, batch.turn] = batch.reward.double()
    position = torch.arange(turns, device=episode.device, dtype=torch.double)
    lag = position.unsqueeze(1) - position
    discount = torch.where(lag >= 0, gamma ** lag.clamp(min=0), 0)
    return (reward @ discount)[episode, batch.turn]


@dataclass(frozen=True)
class StepAdvantage:
    """Episode advantage plus each turn's own among the turns taken from the same state.

    In a conversation that is one row, every attempt starts from the one state there is: the step
    term would be the episode's again.
    """

    needs_turn_rows: ClassVar[bool] = True
    episode: Advantage = field(default_factory=GroupAdvantage)
    gamma: Fraction = 0.95
    step_weight: NonNegative = 1.0

    def __call__(self, batch: Batch) -> Tensor:
        """Return (rows,)."""
        numbers: dict[tuple[int, str], int] = {}
        keys = zip(batch.group.tolist(), batch.anchor, strict=True)
        state = torch.tensor([numbers.setdefault(key, len(numbers)) for key in keys])
        state = state.to(batch.group.device)
        score = discounted_return(batch, self.gamma) - batch.penalty
        mean, std, _ = statistics(score, state)
        step = (score - mean[state]) / (std[state] + EPSILON)
        return self.episode(batch) + self.step_weight * step


def gigpo() -> Method:
    """GRPO with turn-level credit."""
    return replace(grpo(), advantage=StepAdvantage())
