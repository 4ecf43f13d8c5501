"""Episodes: a player and a row of environments, turn by turn."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from arlarena_bench.episode import Episode, Generation, Turn
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.player import Player
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.vector import TextVector
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream
from arlarena_bench.text_env import TextEnv


class _Seat(NamedTuple):
    """An episode that is being played.

    Attributes:
        place: Number of its environment.
        ask: What it asks next.
        info: The protocol's, with that.
    """

    place: int
    ask: Ask
    info: dict[str, Any]


class Arena:
    """The environments of one recipe, made as they are needed and kept.

    Args:
        recipe: Names the environment and the protocol.
        at_once: Most episodes that are played side by side; None for all of them.
        on_end: Called with each episode that has ended.

    Attributes:
        policy_seconds: CPU seconds spent inside players so far.
        environment_seconds: CPU seconds spent on environments and prompts so far.
    """

    def __init__(
        self,
        recipe: Recipe,
        at_once: int | None = None,
        on_end: Callable[[Episode], None] = lambda episode: None,
    ) -> None:
        self._recipe = recipe
        self._at_once = at_once
        self._on_end = on_end
        self._environments: list[AgentProtocol] = []
        self.policy_seconds = 0.0
        self.environment_seconds = 0.0

    @property
    def game(self) -> TextEnv:
        """The first environment without its protocol, for panels and tasks."""
        self._vector(1)
        return self._environments[0].game

    def play(
        self,
        player: Player,
        task_ids: Sequence[str],
        groups: Sequence[int],
        streams: Sequence[Stream],
    ) -> list[Episode]:
        """Play one episode a task, side by side; as one ends, the next begins.

        Args:
            player: Who answers.
            task_ids: What is played, repeated for several attempts.
            groups: Group number of each episode.
            streams: Source of each episode's draws; every turn's have a stream of their own in it.

        Returns:
            The episodes in the order of `task_ids`; one whose player has no reply ends there.
        """
        started = time.process_time()
        spent_before = self.policy_seconds
        seats = min(self._at_once or len(task_ids), len(task_ids))
        vector = self._vector(seats)
        transcript, tasks = self.game.transcript, self.game.tasks
        episodes = [
            Episode(task, group, cluster=tasks.cluster(task), transcript=transcript)
            for task, group in zip(task_ids, groups, strict=True)
        ]
        form = self.game.reply_format
        complete = form.complete if form.closes else None
        waiting, free = deque(range(len(episodes))), deque(range(seats))
        seated: dict[int, _Seat] = {}
        while waiting or seated:
            while waiting and free:
                index, place = waiting.popleft(), free.popleft()
                prompt, info = vector.reset_at(place, task_ids[index])
                seated[index] = _Seat(place, Ask(prompt, complete=complete), info)
            asked = time.process_time()
            replies = player.respond(
                [seat.ask for seat in seated.values()],
                [self._environments[seat.place] for seat in seated.values()],
                [streams[i].sub(len(episodes[i].turns)) for i in seated],
            )
            self.policy_seconds += time.process_time() - asked
            ended = _take_turns(vector, seated, replies, episodes)
            for index in ended:
                free.append(seated.pop(index).place)
                self._on_end(episodes[index])
        elapsed = time.process_time() - started
        self.environment_seconds += elapsed - (self.policy_seconds - spent_before)
        return episodes

    def _vector(self, count: int) -> TextVector:
        while len(self._environments) < count:
            self._environments.append(make_environment(self._recipe))
        return TextVector(self._environments[:count])


def _take_turns(
    vector: TextVector,
    seated: dict[int, _Seat],
    replies: Sequence[Generation],
    episodes: Sequence[Episode],
) -> list[int]:
    """Execute one reply a seat; return the episodes that have ended, for want of one or not."""
    replied = list(zip(seated, replies, strict=True))
    going = [(index, reply) for index, reply in replied if not reply.failure]
    ended = [index for index, reply in replied if reply.failure]
    for index, reply in replied:
        episodes[index].failure = reply.failure
    places = [seated[index].place for index, _ in going]
    steps = vector.step(places, [reply.text for _, reply in going])
    for (index, reply), step in zip(going, steps, strict=True):
        prompt, _, terminated, truncated, info = step
        seat, episode = seated[index], episodes[index]
        add_turn(episode, seat.ask.prompt, reply, seat.info, info)
        follows, added = (reply, info["observation"]) if episode.transcript else (None, "")
        seated[index] = _Seat(seat.place, Ask(prompt, follows, added, seat.ask.complete), info)
        if terminated or truncated:
            ended.append(index)
    return ended


def add_turn(
    episode: Episode, prompt: str, reply: Generation, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Add a turn to an episode, and what the episode has come to.

    Args:
        episode: It is changed.
        prompt: What was asked.
        reply: What was answered.
        before: The protocol's info when it was asked.
        after: Its info after the reply.
    """
    episode.turns.append(
        Turn(
            prompt=prompt,
            generation=reply,
            command=after["command"],
            reward=after["env_reward"],
            penalty=after["penalty"],
            format_valid=after["format_valid"],
            action_valid=after["action_valid"],
            anchor=before["anchor"],
            outside=after["outside"],
        )
    )
    episode.success = after["success"]
    episode.score = after["score"]
    episode.category = after["category"]
    episode.void = after["void"]
    episode.measures = after["measures"]
