"""The tensors a method sees."""

from dataclasses import dataclass

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError


@dataclass(slots=True)
class Batch:
    """Rows of one rollout: a row is a turn, or a whole trajectory with its tool output masked.

    Attributes:
        group: (rows,) long; rows whose episodes attempted the same task share a number.
        trajectory: (rows,) long; rows of one episode share a number.
        turn: (rows,) long; position of the row in its episode.
        reward: (rows,) the environment's reward at that turn.
        penalty: (rows,) at least 0, that turn's own.
        anchor: Identity of the state each row was taken in, one string a row.
        entropy: (rows, tokens) entropy of the sampling policy, nats.
        mask: (rows, tokens) 1 where the policy wrote the token, else 0.

    Raises:
        ArenaError: If the shapes disagree.
    """

    group: Tensor
    trajectory: Tensor
    turn: Tensor
    reward: Tensor
    penalty: Tensor
    anchor: list[str]
    entropy: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        if self.mask.dim() != 2:
            raise ArenaError(f"Batch.mask must be (rows, tokens), got {tuple(self.mask.shape)}")
        rows = self.mask.shape[0]
        for name in ("group", "trajectory", "turn", "reward", "penalty"):
            shape = tuple(getattr(self, name).shape)
            if shape != (rows,):
                raise ArenaError(f"Batch.{name} must be ({rows},) to match mask, got {shape}")
        if self.entropy.shape != self.mask.shape:
            raise ArenaError(
                f"Batch.entropy must be {tuple(self.mask.shape)} to match mask, "
                f"got {tuple(self.entropy.shape)}"
            )
        if len(self.anchor) != rows:
            raise ArenaError(f"Batch.anchor must hold {rows} strings, got {len(self.anchor)}")

    def episode_return(self) -> Tensor:
        """Return (rows,) double: the environment's return of each row's whole episode.

        A turn that stands in several rows, copied to fill a batch, counts once.
        """
        _, episode = torch.unique(self.trajectory, return_inverse=True)
        shape = (int(episode.max()) + 1, int(self.turn.max()) + 1)
        table = torch.zeros(shape, dtype=torch.double, device=self.reward.device)
        table[episode, self.turn] = self.reward.double()
        return table.sum(1)[episode]
