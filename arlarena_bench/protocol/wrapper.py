"""The wrapper that turns a `TextEnv` into what an agent talks to."""

from collections import deque
from collections.abc import Mapping
from math import inf
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs
from gymnasium.wrappers import TimeLimit

from arlarena_bench.ended import EndedEpisode, StepResult
from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.prompt import PromptTemplate
from arlarena_bench.text_env import TextEnv
from arlarena_bench.text_space import TextSpace

HISTORY = 2
PENALTY = 0.1


class AgentProtocol(gym.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Observations become prompts, actions become replies, and a bad reply costs a penalty.

    Where the environment is a transcript, a prompt is the one before it, the reply, and the new
    observation; elsewhere each prompt is written anew with the history it needs.

    `reset` and `step` add to the environment's info: `format_valid`; `action_valid`, which now
    also asks for the strict form; `penalty`, what this turn lost, at least 0; `env_reward`, the
    reward before it; `command`, what was executed; `observation`, the environment's own.

    Args:
        env: A `TextEnv`, wrapped or not.
        history: How many past turns a prompt shows; what `gymnasium.make` was told, or else 2
            (ARLArena, Table S1).
        penalty: What a turn without a valid action loses; likewise, or else 0.1 (the same table).
        template: The prompt's text, as a template or its fields; likewise, or else the
            environment's own.

    Raises:
        ArenaError: If `env` is no `TextEnv`, or an argument is out of range.
    """

    game: TextEnv
    """The environment without its protocol."""

    def __init__(
        self,
        env: gym.Env[str, str],
        *,
        history: int | None = None,
        penalty: float | None = None,
        template: PromptTemplate | Mapping[str, str] | None = None,
    ) -> None:
        text_env = env.unwrapped
        if not isinstance(text_env, TextEnv):
            raise ArenaError(f"AgentProtocol wraps a TextEnv, got {type(text_env).__name__}")
        told = text_env.protocol_arguments
        history = told.get("history", HISTORY) if history is None else history
        penalty = told.get("penalty", PENALTY) if penalty is None else penalty
        template = told.get("template") if template is None else template
        if not isinstance(history, int) or history < 0:
            raise ArenaError(f"history must be a whole number of turns, 0 or more, got {history!r}")
        if not isinstance(penalty, int | float) or not 0 <= penalty < inf:
            raise ArenaError(f"penalty must be a finite number, 0 or more, got {penalty!r}")
        if isinstance(template, Mapping):
            template = PromptTemplate(**template)
        if not isinstance(template, PromptTemplate | None):
            raise ArenaError(f"template must be a PromptTemplate or its fields, got {template!r}")
        # The plain fields, so that the specification of the environment can be written as JSON.
        fields = None if template is None else template.model_dump()
        RecordConstructorArgs.__init__(self, history=history, penalty=penalty, template=fields)
        super().__init__(_limited(env, text_env.horizon))
        self.template = template or text_env.template
        self.penalty = float(penalty)
        self.observation_space = TextSpace()
        self.action_space = TextSpace()
        self.game = text_env
        self._history: deque[tuple[str, str]] = deque(maxlen=history)
        self._task = ""
        self._observation = ""
        self._prompt = ""
        self._steps_taken = 0
        self._ended: EndedEpisode | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Begin a task and return the first prompt; options as for `TextEnv.reset`."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._history.clear()
        self._task = self.game.instruction
        self._steps_taken = 0
        self._ended = None
        info |= {"format_valid": True, "penalty": 0.0, "env_reward": 0.0, "command": ""}
        self._ask(observation, info)
        return self._prompt, info

    def step(self, action: str) -> StepResult:
        """Execute one reply; after the end of an episode nothing is paid and nothing lost.

        Raises:
            ArenaError: If the reply is not a string.
        """
        if not isinstance(action, str):
            raise ArenaError(f"a reply is a string, got {type(action).__name__}")
        if self._ended is not None:
            return self._ended.step(penalty=0.0, env_reward=0.0, command="")
        reply = self.game.reply_format.parse(action)
        observation, reward, terminated, truncated, info = self.env.step(reply.command)
        valid = reply.format_valid and info["action_valid"]
        penalty = 0.0 if valid else self.penalty
        self._history.append((self._observation, reply.command))
        self._steps_taken += 1
        env_reward = float(reward)
        info |= {
            "format_valid": reply.format_valid,
            "action_valid": valid,
            "penalty": penalty,
            "env_reward": env_reward,
            "command": reply.command,
        }
        if self.game.transcript:
            info["observation"] = observation
            self._prompt += action + observation
        else:
            self._ask(observation, info)
        result = self._prompt, env_reward - penalty, terminated, truncated, info
        if terminated or truncated:
            self._ended = EndedEpisode(result)
        return result

    def _ask(self, observation: str, info: dict[str, Any]) -> None:
        info["observation"] = self._observation = observation
        actions = info["admissible_actions"]
        longest = inf if self.game.longest_prompt is None else self.game.longest_prompt
        for history in (self._history, ()):
            self._prompt = self.template.render(
                self._task, history, observation, actions, self._steps_taken
            )
            if len(self._prompt) <= longest:
                break


def _limited(env: gym.Env[str, str], horizon: int) -> gym.Env[str, str]:
    """Let the limit that an id was registered with follow the horizon that was asked for.

    Another limit was given to `gymnasium.make` and stays.
    """
    if not isinstance(env, TimeLimit) or env.spec is None:
        return env
    registered = gym.registry.get(env.spec.id)
    if registered is None or env.spec.max_episode_steps != registered.max_episode_steps:
        return env
    return TimeLimit(env.env, horizon)
