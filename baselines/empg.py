"""EMPG: steps taken with confidence weigh more, and leading to a confident step earns a bonus.

    H̃  = (H - min H) / (max H - min H + 1e-8)       H: mean token entropy of a turn, over the batch
    g  = exp(-k H̃) / (mean exp(-k H̃) + 1e-8)
    f  = exp(-k_f H̃)
    A' = g(H_k) A_GRPO + ζ f(H_{k+1})               no bonus on an episode's last turn
    A' = A' - mean A'                               over the rows

Source: ARLArena, Table 1, Eq. S20-S23. Table S1: ε 0.2, k = k_f = 1, ζ 0.05 (EMPG's own page: 0.1).
H is the sampling policy's entropy.
"""

from dataclasses import dataclass, field, replace

from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.objective import Advantage, Method, NonNegative, masked_mean

from .grpo import GroupAdvantage, grpo, renumber

EPSILON = 1e-8


@dataclass(frozen=True)
class EntropyModulation:
    """Another advantage, scaled by this turn's confidence and raised by the next turn's."""

    episode: Advantage = field(default_factory=GroupAdvantage)
    k: NonNegative = 1.0
    k_f: NonNegative = 1.0
    zeta: NonNegative = 0.05

    def __call__(self, batch: Batch) -> Tensor:
        """Return (rows,)."""
        mask = (batch.mask > 0).double()
        entropy = masked_mean(batch.entropy.double().masked_fill(mask == 0, 0), mask, dim=-1)
        spread = entropy - entropy.min()
        level = spread / (spread.max() + EPSILON)
        scale = (-self.k * level).exp()
        scale = scale / (scale.mean() + EPSILON)
        adv = scale * self.episode(batch) + self.zeta * next_turn((-self.k_f * level).exp(), batch)
        return adv - adv.mean()


def next_turn(values: Tensor, batch: Batch) -> Tensor:
    """Return (rows,): the value at the following turn of the same episode, 0 at its end."""
    episode = renumber(batch.trajectory)
    turns = int(batch.turn.max()) + 2
    table = values.new_zeros(int(episode.max()) + 1, turns)
    table[episode, batch.turn] = values
    return table[episode, batch.turn + 1]


def empg() -> Method:
    """GRPO with entropy-modulated advantages."""
    return replace(grpo(), advantage=EntropyModulation())
