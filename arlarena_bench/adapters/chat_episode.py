"""Episodes as the messages of a chat, which every framework knows."""

from typing import Any

import gymnasium as gym

from arlarena_bench.environment_names import environment_id
from arlarena_bench.errors import ArenaError
from arlarena_bench.installed import load_recipe
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.task_set import TaskSet
from arlarena_bench.text_env import TextEnv

Message = dict[str, str]

OVER = "The episode is over."


class ChatEpisode:
    """One environment under its protocol, played one episode after the other.

    Args:
        environment: Short name or id, as `arlarena list` has them.
        preset: Whose settings and protocol it has; None for its own, as `gymnasium.make` gives it.

    Attributes:
        env: The environment with its protocol.
        asked: The messages that the next reply answers: one with a prompt of its own, or, where
            the environment is a conversation, all of it.
        over: Whether the episode has ended.
        replies: What was answered.
        reward: What the episode has paid, penalties subtracted.
        penalty: What these come to.
        info: The protocol's, of the last turn.

    Raises:
        ArenaError: If there is no such environment or preset.
    """

    def __init__(self, environment: str, preset: str | None = None) -> None:
        self.env = protocol(environment, preset)
        self._begun = False
        self._clear()

    @property
    def game(self) -> TextEnv:
        """The environment without its protocol."""
        return self.env.game

    def _clear(self) -> None:
        self.asked: list[Message] = []
        self.over = False
        self.replies: list[str] = []
        self.reward = 0.0
        self.penalty = 0.0
        self.info: dict[str, Any] = {}

    def begin(self, task_id: str | None = None, seed: int | None = None) -> str:
        """Begin a task, or one that is drawn for training; return the first message.

        Raises:
            ArenaError: If there is no such task.
        """
        options = None if task_id is None else {"task_id": task_id}
        self._clear()
        self._begun = False
        prompt, self.info = self.env.reset(seed=seed, options=options)
        self._begun = True
        self.asked = [said("user", prompt)]
        return prompt

    def answer(self, reply: str) -> str:
        """Take a turn; return the next message, which also says when it was the last.

        A reply after the end changes nothing.

        Raises:
            ArenaError: Before the first task.
        """
        if not self._begun:
            raise ArenaError("no episode has begun; begin a task before the first reply")
        if self.over:
            return OVER
        prompt, reward, terminated, truncated, self.info = self.env.step(reply)
        self.replies.append(reply)
        self.reward += float(reward)
        self.penalty += self.info["penalty"]
        self.over = terminated or truncated
        if self.game.transcript:
            message = str(self.info["observation"])
            self.asked += [said("assistant", reply), said("user", message)]
        else:
            message = prompt
            self.asked = [said("user", prompt)]
        return f"{message}\n{OVER}" if self.over else message

    @property
    def outcome(self) -> dict[str, float]:
        """What the episode has come to, as numbers."""
        return {
            "success": float(self.info["success"]),
            "score": float(self.info["score"]),
            "reward": self.reward,
            "penalty": self.penalty,
            "turns": float(len(self.replies)),
        }


def said(role: str, text: str) -> Message:
    """Return a message."""
    return {"role": role, "content": text}


def protocol(environment: str, preset: str | None = None) -> AgentProtocol:
    """Make an environment under a preset's protocol, or under its own.

    Raises:
        ArenaError: If there is no such environment or preset.
    """
    if preset is not None:
        return make_environment(load_recipe(preset, environment))
    made = gym.make(environment_id(environment), disable_env_checker=True)
    return AgentProtocol(made.unwrapped)


def panel_tasks(tasks: TaskSet, split: str, count: int | None = None) -> tuple[str, ...]:
    """Return the ids of a panel's tasks, all or the first.

    Raises:
        ArenaError: If there is no such panel, or it has fewer tasks.
    """
    panel = tasks.panel(split)
    return panel.task_ids if count is None else panel.first(count)
