"""Random batches and token tensors with every awkward shape a rollout can have."""

import random

import torch
from torch import Tensor

from arlarena_bench import Batch
from arlarena_bench.streams import Stream


def streams(count: int, name: str = "test") -> list[Stream]:
    """As many streams, each of its own draws."""
    return [Stream.of(name, number) for number in range(count)]


def random_batch(seed: int, dtype: torch.dtype = torch.float64, tokens: int = 5) -> Batch:
    """Interleaved trajectories of unequal length, numbers with gaps, shared anchors, ragged masks.

    One group has a single trajectory of one turn, and one group ties in every score.
    """
    rng = random.Random(seed)
    rows: list[tuple[int, int, int, float, float, str]] = []
    for group, size in ((70, 4), (3, 3), (41, 1), (12, 3)):
        for attempt in range(size):
            trajectory = 1000 - 7 * len(rows) - attempt
            turns = 1 if group == 41 else 2 if group == 12 else rng.randint(1, 5)
            for turn in range(turns):
                tied = group == 12
                reward = -0.1 if tied else rng.choice([-0.1, 0.9, -1.1, 10.9])
                penalty = 0.0 if tied else rng.choice([0.0, 0.1])
                rows.append((group, trajectory, turn, reward, penalty, rng.choice("pqr")))
    rng.shuffle(rows)
    groups, trajectories, positions, rewards, penalties, anchors = zip(*rows, strict=True)
    lengths = torch.tensor([rng.randint(1, tokens) for _ in rows])
    entropy = torch.tensor([[rng.random() for _ in range(tokens)] for _ in rows], dtype=dtype)
    return Batch(
        group=torch.tensor(groups),
        trajectory=torch.tensor(trajectories),
        turn=torch.tensor(positions),
        reward=torch.tensor(rewards, dtype=dtype),
        penalty=torch.tensor(penalties, dtype=dtype),
        anchor=list(anchors),
        entropy=entropy,
        mask=(torch.arange(tokens) < lengths.unsqueeze(1)).to(dtype),
    )


def random_tokens(
    seed: int, dtype: torch.dtype = torch.float64, spread: float = 1.0, rows: int = 12
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return log_probs, old_log_probs, adv and mask of shape (rows, 5).

    Ratios range from nearly 1 (row 0) to beyond every clip, dual clip included; advantages have
    both signs and a row of zeros; the mask has holes and one empty row.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    old = -draw(rows, 5).abs() - 0.1
    scale = torch.linspace(0.001, 2, rows, dtype=torch.float64).unsqueeze(1)
    log_probs = old + spread * scale * draw(rows, 5)
    adv = draw(rows, 1).expand(rows, 5).clone()
    adv[2] = 0
    mask = torch.rand(rows, 5, generator=generator) < 0.8
    mask[:, 0] = True
    mask[4] = False
    adv = adv * mask
    return tuple(tensor.to(dtype) for tensor in (log_probs, old, adv, mask))  # type: ignore[return-value]


def shuffled(batch: Batch, order: Tensor) -> Batch:
    """Return the same rows in another order."""
    return Batch(
        group=batch.group[order],
        trajectory=batch.trajectory[order],
        turn=batch.turn[order],
        reward=batch.reward[order],
        penalty=batch.penalty[order],
        anchor=[batch.anchor[index] for index in order.tolist()],
        entropy=batch.entropy[order],
        mask=batch.mask[order],
    )
