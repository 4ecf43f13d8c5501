"""From episodes to the tensors of an update: one row a turn, or one row a conversation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.episode import Episode, Turn
from arlarena_bench.errors import ArenaError
from arlarena_bench.objective.method import Method
from arlarena_bench.objective.wrapped import Wrapped
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.rollout import Arena


@dataclass(slots=True)
class EpisodeRow:
    """The turns of one row, their tokens laid end to end behind the first prompt.

    Attributes:
        number: Of the episode among those of a rollout.
        position: Of the row in its episode.
        episode: What it is of.
        turns: All of them in a conversation, else one.
        ids: Replies, and in a conversation what the environment wrote between them.
        mask: 1 for each token that the policy wrote and that counts.
        log_probs: Of each token when it was sampled, nats; 0 where the policy did not write.
        entropy: Of the distribution that it was drawn from, nats; as `log_probs`.
    """

    number: int
    position: int
    episode: Episode
    turns: Sequence[Turn]
    ids: list[int]
    mask: list[float]
    log_probs: list[float]
    entropy: list[float]

    @classmethod
    def of(
        cls, number: int, position: int, episode: Episode, turns: Sequence[Turn]
    ) -> "EpisodeRow":
        """Lay turns end to end."""
        row = cls(number, position, episode, turns, [], [], [], [])
        start = len(turns[0].generation.prompt_ids)
        for turn in turns:
            generation = turn.generation
            said = generation.prompt_ids[start + len(row.ids) :]
            row._append(said, 0.0, [0.0] * len(said), [0.0] * len(said))
            row._append(
                generation.reply_ids,
                0.0 if episode.void else 1.0,
                generation.log_probs,
                generation.entropy,
            )
        return row

    def _append(
        self,
        ids: Sequence[int],
        mask: float,
        log_probs: Sequence[float],
        entropy: Sequence[float],
    ) -> None:
        self.ids += ids
        self.mask += [mask] * len(ids)
        self.log_probs += log_probs
        self.entropy += entropy


def check_method(method: Method | Wrapped, recipe: Recipe, arena: Arena) -> None:
    """Refuse a method that cannot learn from the rows of a recipe.

    Args:
        method: Only one that needs rows of single turns has the environment made.
        recipe: Names the method, and says how it is trained.
        arena: Of the environment that it would learn from.

    Raises:
        ArenaError: If it credits single turns where a row is a whole conversation, or its loss is
            a finished number where the recipe needs those of tokens.
    """
    name, settings = recipe.method.name, recipe.train
    if method.needs_turn_rows and arena.game.transcript:
        raise ArenaError(
            f"method {name} credits single turns, but a row of {type(arena.game).__name__} is a "
            "whole conversation; choose a method without turn-level credit"
        )
    for setting in ("micro_batch_tokens", "tis_cap"):
        if getattr(settings, setting) is not None and not method.has_token_loss:
            raise ArenaError(
                f"method {name} has a finished policy_loss, but train.{setting} needs the loss of "
                "each token; write token_loss in its place, or leave that setting out"
            )


def pack_episodes(episodes: Sequence[Episode], pad_id: int) -> tuple[Rows, Batch]:
    """Turn episodes into rows, and into what a method's advantage sees of them.

    A void episode keeps its rows, because its outcome is part of its group's; its mask is 0.

    Args:
        episodes: At least one turn in total; every reply at least one token.
        pad_id: Token id that fills short rows.
    """
    packed = [row for number, one in enumerate(episodes) for row in split_episode(number, one)]
    longest = max(len(row.ids) for row in packed)

    def padded(values: list[list[float]]) -> Tensor:
        return torch.tensor([row + [0.0] * (longest - len(row)) for row in values])

    mask = padded([row.mask for row in packed])
    ids = [row.ids + [pad_id] * (longest - len(row.ids)) for row in packed]
    rows = Rows(
        prompts=PaddedPrompts.pack([row.turns[0].generation.prompt_ids for row in packed], pad_id),
        replies=torch.tensor(ids),
        mask=mask,
        old_log_probs=padded([row.log_probs for row in packed]),
    )
    batch = Batch(
        group=torch.tensor([row.episode.group for row in packed]),
        trajectory=torch.tensor([row.number for row in packed]),
        turn=torch.tensor([row.position for row in packed]),
        reward=torch.tensor([sum(turn.reward for turn in row.turns) for row in packed]),
        penalty=torch.tensor([sum(turn.penalty for turn in row.turns) for row in packed]),
        anchor=[row.turns[0].anchor for row in packed],
        entropy=padded([row.entropy for row in packed]),
        mask=mask,
    )
    return rows, batch


def split_episode(number: int, episode: Episode) -> Iterator[EpisodeRow]:
    """Yield the rows of an episode: one a turn, or one where it is a conversation."""
    if episode.transcript:
        yield EpisodeRow.of(number, 0, episode, episode.turns)
        return
    for position, turn in enumerate(episode.turns):
        yield EpisodeRow.of(number, position, episode, [turn])
