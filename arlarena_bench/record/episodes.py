"""What a result keeps of each episode."""

import hashlib
from math import fsum
from typing import Annotated

from pydantic import Field, ValidationError

from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.record.part import Amount, Count, PositiveCount, RecordPart, Share, first_line

PROMPT_DIGITS = 8
PromptHash = Annotated[str, Field(pattern=f"^[0-9a-f]{{{PROMPT_DIGITS}}}$")]


class TurnsRecord(RecordPart):
    """What it takes to play an episode again; one entry a turn in every field.

    Attributes:
        replies: The text that the protocol was given.
        token_ids: The reply's tokens as sampled, the end token included; empty for policies
            without a tokenizer.
        rewards: The environment's own, without penalties.
        penalties: What the protocol subtracted.
        format_valid: Whether the reply had the strict form.
        action_valid: Whether it also named an admissible action.
        asked: `prompt_hash` of what the agent was asked; None in records that are older.
        outside: What a turn learned from outside the environment, `TextEnv.outside`; None where
            no turn did, and in records that are older.
        cut: Tokens that each prompt lost to the recipe's limit; None where none did.
    """

    replies: tuple[str, ...]
    token_ids: tuple[tuple[Count, ...], ...]
    rewards: tuple[float, ...]
    penalties: tuple[Amount, ...]
    format_valid: tuple[bool, ...]
    action_valid: tuple[bool, ...]
    asked: tuple[PromptHash, ...] | None = None
    outside: tuple[str | None, ...] | None = None
    cut: tuple[Count, ...] | None = None


def prompt_hash(prompt: str) -> str:
    """Return the first digits of a prompt's SHA-256: enough to see that another was asked."""
    return hashlib.sha256(prompt.encode(errors="surrogatepass")).hexdigest()[:PROMPT_DIGITS]


class EpisodeRecord(RecordPart):
    """One scored attempt at one task.

    Attributes:
        task_id: The task.
        attempt: 0, 1, … where a task is played several times.
        success: Whether the task was solved.
        score: Quality of the outcome.
        reward: The environment's return, without penalties.
        penalty: What the protocol subtracted in all.
        length: Number of turns.
        reply_tokens: Tokens sampled, 0 for policies without a tokenizer.
        format_valid: Turns whose reply had the strict form.
        action_valid: Turns whose reply also named an admissible action.
        category: Type of the task, None where an environment has only one.
        cluster: What the task shares with others that are alike, such as its shop; None where
            tasks are independent of each other.
        measures: The environment's further numbers.
        turns: The turns; None where they were not kept, or not read.
    """

    task_id: str
    attempt: Count = 0
    success: bool
    score: Share
    reward: float
    penalty: Amount
    length: PositiveCount
    reply_tokens: Count
    format_valid: Count
    action_valid: Count
    category: str | None = None
    cluster: str | None = None
    measures: dict[str, float] = Field(default_factory=dict)
    turns: TurnsRecord | None = None


def record_episode(episode: Episode, attempt: int = 0) -> EpisodeRecord:
    """Return the record of a played episode.

    Raises:
        ArenaError: If the environment gave what no record can hold, such as a score above 1.
    """
    try:
        return _record(episode, attempt)
    except ValidationError as error:
        raise ArenaError(f"task {episode.task_id}: {first_line(error)}") from None


def _record(episode: Episode, attempt: int) -> EpisodeRecord:
    turns = episode.turns
    outside = tuple(turn.outside for turn in turns)
    cut = tuple(turn.generation.cut for turn in turns)
    return EpisodeRecord(
        task_id=episode.task_id,
        attempt=attempt,
        success=bool(episode.success),
        score=float(episode.score),
        reward=episode.total_reward,
        penalty=fsum(turn.penalty for turn in turns),
        length=len(turns),
        reply_tokens=sum(len(turn.generation.reply_ids) for turn in turns),
        format_valid=sum(turn.format_valid for turn in turns),
        action_valid=sum(turn.action_valid for turn in turns),
        category=episode.category,
        cluster=episode.cluster,
        measures={name: float(value) for name, value in episode.measures.items()},
        turns=TurnsRecord(
            replies=tuple(turn.generation.text for turn in turns),
            token_ids=tuple(turn.generation.reply_ids for turn in turns),
            rewards=tuple(float(turn.reward) for turn in turns),
            penalties=tuple(float(turn.penalty) for turn in turns),
            format_valid=tuple(turn.format_valid for turn in turns),
            action_valid=tuple(turn.action_valid for turn in turns),
            asked=tuple(prompt_hash(turn.prompt) for turn in turns),
            outside=outside if any(part is not None for part in outside) else None,
            cut=cut if any(cut) else None,
        ),
    )
