"""From episodes to the tensors of an update: one row a turn."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.episode import Episode
from arlarena_bench.policy.prompts import Prompts


@dataclass(frozen=True, slots=True)
class Rows:
    """Prompts and replies as sampled, never tokenised again.

    Attributes:
        prompts: The prompt of each row.
        replies: (rows, tokens) ids, padded on the right.
        mask: (rows, tokens) 1 where the policy wrote the token.
        old_log_probs: (rows, tokens) as recorded while sampling.
    """

    prompts: Prompts
    replies: Tensor
    mask: Tensor
    old_log_probs: Tensor


def pack_episodes(episodes: Sequence[Episode], pad_id: int) -> tuple[Rows, Batch]:
    """Turn episodes into rows, and into what a method's advantage sees of them.

    Args:
        episodes: At least one turn in total; every reply at least one token.
        pad_id: Token id that fills short rows.
    """
    turns = [
        (number, position, episode.group, turn)
        for number, episode in enumerate(episodes)
        for position, turn in enumerate(episode.turns)
    ]
    generations = [turn.generation for *_, turn in turns]
    longest = max(len(generation.reply_ids) for generation in generations)

    def padded(values: list[tuple[float, ...]], fill: float) -> Tensor:
        return torch.tensor([list(row) + [fill] * (longest - len(row)) for row in values])

    mask = padded([(1.0,) * len(g.reply_ids) for g in generations], 0.0)
    rows = Rows(
        prompts=Prompts.pack([g.prompt_ids for g in generations], pad_id),
        replies=padded([g.reply_ids for g in generations], pad_id).long(),
        mask=mask,
        old_log_probs=padded([g.log_probs for g in generations], 0.0),
    )
    batch = Batch(
        group=torch.tensor([group for _, _, group, _ in turns]),
        trajectory=torch.tensor([number for number, *_ in turns]),
        turn=torch.tensor([position for _, position, *_ in turns]),
        reward=torch.tensor([turn.reward for *_, turn in turns]),
        penalty=torch.tensor([turn.penalty for *_, turn in turns]),
        anchor=[turn.anchor for *_, turn in turns],
        entropy=padded([g.entropy for g in generations], 0.0),
        mask=mask,
    )
    return rows, batch
