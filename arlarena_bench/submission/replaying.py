"""Strict replay: every reply stepped again, and everything compared with the record."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from arlarena_bench.episode import Episode, Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.plugins import one_line
from arlarena_bench.policy.base import Ask
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import EpisodeRecord, TurnsRecord, prompt_hash, record_episode
from arlarena_bench.submission.content_ids import content_id
from arlarena_bench.text_env import TextEnv
from arlarena_bench.training.rollout import add_turn

# Field of a turn → what to call it.
_TURN = {
    "rewards": "the reward",
    "penalties": "the penalty",
    "format_valid": "the flag of a valid format",
    "action_valid": "the flag of a valid action",
    "outside": "what came from outside",
}


@dataclass(frozen=True, slots=True)
class Replay:
    """An episode that was stepped again.

    Attributes:
        told: Its record.
        asks: What the agent is asked at each turn. Where a conversation goes on, the turn that it
            goes on from has no `prompt_ids` yet: they depend on who reads it.
        fault: Where the record differs from what its replies lead to, one line that begins with
            the turn, counted from 1, where there is one; None if nowhere.
    """

    told: EpisodeRecord
    asks: Sequence[Ask]
    fault: str | None


def first_difference(
    environment: AgentProtocol, told: EpisodeRecord, watch: Callable[[TextEnv], None] | None = None
) -> str | None:
    """Return the fault of a `replay`."""
    return replay(environment, told, watch).fault


def replay(
    environment: AgentProtocol, told: EpisodeRecord, watch: Callable[[TextEnv], None] | None = None
) -> Replay:
    """Step an episode again, up to its first difference.

    Args:
        environment: Of the recipe; any episode in it ends.
        told: The record of an episode.
        watch: Called with the game at the start and after each turn.
    """
    if told.turns is None:
        return Replay(told, (), "its turns are missing")
    episode = Episode(told.task_id, 0)
    asks: list[Ask] = []
    try:
        fault = _stepped(environment, episode, told.turns, watch or _unwatched, asks)
        fault = fault or _compared(environment, episode, told)
    except ArenaError as error:
        fault = str(error)
    except Exception as error:  # whatever a stranger's replies have led an environment to
        fault = f"turn {len(episode.turns) + 1}: the environment failed: {one_line(error)}"
    return Replay(told, asks, fault)


class Replayer:
    """Steps episodes of many runs again, of equal ones the first.

    The same task and replies lead to the same, and runs of a bundle often do the same.

    Args:
        environment: Of their recipes.
    """

    def __init__(self, environment: AgentProtocol) -> None:
        self._environment = environment
        self._faultless: set[str] = set()

    def replay(self, told: EpisodeRecord) -> Replay:
        """Return a `replay`, without `asks` where an equal episode was stepped before."""
        content = content_id(told.model_dump(mode="json", exclude={"attempt"}))
        if content in self._faultless:
            return Replay(told, (), None)
        found = replay(self._environment, told)
        if found.fault is None:
            self._faultless.add(content)
        return found


def _unwatched(game: TextEnv) -> None:
    """See nothing."""


def _stepped(
    environment: AgentProtocol,
    episode: Episode,
    told: TurnsRecord,
    watch: Callable[[TextEnv], None],
    asks: list[Ask],
) -> str | None:
    prompt, info = environment.reset(options={"task_id": episode.task_id})
    watch(environment.game)
    over, ask = False, Ask(prompt)
    for turn, reply in enumerate(told.replies):
        if over:
            return f"turn {turn + 1}: a step after the end of the episode"
        if told.asked is not None and prompt_hash(prompt) != told.asked[turn]:
            return (
                f"turn {turn + 1}: the agent was asked {told.asked[turn]}, the environment asks "
                f"{prompt_hash(prompt)}"
            )
        if told.outside is not None and (outside := told.outside[turn]) is not None:
            environment.game.recall(outside)
        before, asked = info, prompt
        asks.append(ask)
        prompt, _, terminated, truncated, info = environment.step(reply)
        watch(environment.game)
        over = terminated or truncated
        answer = Generation(reply, reply_ids=told.token_ids[turn])
        add_turn(episode, asked, answer, before, info)
        transcript = environment.game.transcript
        ask = Ask(prompt, answer, info["observation"]) if transcript else Ask(prompt)
        for field, named in _TURN.items():
            entries = getattr(told, field)
            ours = _turn_value(episode, field)
            # A record from before there were such entries has None.
            if entries is not None and _differ(entries[turn], ours):
                return f"turn {turn + 1}: {named} is {entries[turn]}, the environment gives {ours}"
    return None if over else f"turn {len(told.replies)}: the episode goes on, but its record ends"


def _turn_value(episode: Episode, field: str) -> Any:
    turn = episode.turns[-1]
    return {
        "rewards": float(turn.reward),
        "penalties": float(turn.penalty),
        "format_valid": turn.format_valid,
        "action_valid": turn.action_valid,
        "outside": turn.outside,
    }[field]


def _compared(environment: AgentProtocol, episode: Episode, told: EpisodeRecord) -> str | None:
    """Compare all of an episode but its turns."""
    episode.cluster = environment.game.tasks.cluster(episode.task_id)
    ours = record_episode(episode, told.attempt)
    for field in EpisodeRecord.model_fields:
        # Once added up as Python's `sum` did, which 3.12 rounds otherwise than 3.11.
        if field == "penalty" and math.isclose(told.penalty, ours.penalty, rel_tol=1e-12):
            continue
        if field != "turns" and _differ(getattr(told, field), getattr(ours, field)):
            return (
                f"turn {told.length}: {field} is {getattr(told, field)} in the end, the "
                f"environment gives {getattr(ours, field)}"
            )
    return None


def _differ(told: Any, ours: Any) -> bool:
    # By how they are written: -0.0 is not 0.0, and True is not 1. A file has sorted its names.
    if isinstance(told, dict) and isinstance(ours, dict):
        return repr(sorted(told.items())) != repr(sorted(ours.items()))
    return repr(told) != repr(ours)
