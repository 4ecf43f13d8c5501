"""Episodes: a player and a row of environments, turn by turn."""

import time
from collections.abc import Sequence
from typing import Any

import gymnasium as gym

from arlarena_bench.episode import Episode, Generation, Turn
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.player import Player
from arlarena_bench.protocol.vector import TextVector
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream
from arlarena_bench.text_env import TextEnv


class Arena:
    """The environments of one recipe, made as they are needed and kept.

    Args:
        recipe: Names the environment and the protocol.

    Attributes:
        policy_seconds: CPU seconds spent inside players so far.
        environment_seconds: CPU seconds spent on environments and prompts so far.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
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
        """Play one episode a task, all of them side by side.

        Args:
            player: Who answers.
            task_ids: What is played, repeated for several attempts.
            groups: Group number of each episode.
            streams: Source of each episode's draws; every turn's have a stream of their own in it.

        Returns:
            The episodes in the order of `task_ids`.
        """
        started = time.process_time()
        spent_before = self.policy_seconds
        vector = self._vector(len(task_ids))
        transcript, tasks = self.game.transcript, self.game.tasks
        episodes = [
            Episode(task, group, cluster=tasks.cluster(task), transcript=transcript)
            for task, group in zip(task_ids, groups, strict=True)
        ]
        resets = [vector.reset_at(index, task) for index, task in enumerate(task_ids)]
        form = self.game.reply_format
        complete = form.complete if form.closes else None
        asks = [Ask(prompt, complete=complete) for prompt, _ in resets]
        infos = [info for _, info in resets]
        active = list(range(len(episodes)))
        while active:
            asked = time.process_time()
            replies = player.respond(
                [asks[i] for i in active],
                [self._environments[i] for i in active],
                [streams[i].sub(len(episodes[i].turns)) for i in active],
            )
            self.policy_seconds += time.process_time() - asked
            steps = vector.step(active, [reply.text for reply in replies])
            going = []
            for index, reply, step in zip(active, replies, steps, strict=True):
                prompt, _, terminated, truncated, info = step
                episode = episodes[index]
                add_turn(episode, asks[index].prompt, reply, infos[index], info)
                follows, added = (reply, info["observation"]) if transcript else (None, "")
                asks[index] = Ask(prompt, follows, added, complete)
                infos[index] = info
                if not (terminated or truncated):
                    going.append(index)
            active = going
        elapsed = time.process_time() - started
        self.environment_seconds += elapsed - (self.policy_seconds - spent_before)
        return episodes

    def _vector(self, count: int) -> TextVector:
        while len(self._environments) < count:
            self._environments.append(make_environment(self._recipe))
        return TextVector(self._environments[:count])


def make_environment(recipe: Recipe) -> AgentProtocol:
    """Make the recipe's environment under the recipe's protocol."""
    section, protocol = recipe.environment, recipe.protocol
    made = gym.make(section.id, disable_env_checker=True, **section.kwargs)
    return AgentProtocol(
        made.unwrapped,
        history=protocol.history,
        penalty=protocol.penalty,
        template=protocol.template,
    )


def cautions(recipe: Recipe) -> list[str]:
    """Return a line if the recipe's results cannot count, to be said before anything runs.

    Raises:
        ArenaError: If this machine cannot provide what the environment runs in.
    """
    return incomparable_line(make_environment(recipe).game)


def incomparable_line(game: TextEnv) -> list[str]:
    """Return a line that says why results cannot count, none if they can."""
    return [f"not for the leaderboard: {game.incomparable}"] if game.incomparable else []


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
