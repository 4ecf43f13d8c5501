"""Many environments, of which any subset takes a step."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym

from arlarena_bench.errors import ArenaError

StepResult = tuple[str, float, bool, bool, dict[str, Any]]


class TextVector:
    """Environments stepped one after the other, in this process.

    Unlike `gymnasium.vector`, episodes that have ended rest until they are reset by name: a
    rollout drops them from its batch, so that no token is spent on them. Agent-facing text
    environments take microseconds a step, which no worker process could repay.

    Args:
        envs: At least one agent-facing environment.

    Raises:
        ArenaError: If there is none.
    """

    def __init__(self, envs: Sequence[gym.Env[str, str]]) -> None:
        if not envs:
            raise ArenaError("TextVector needs at least one environment")
        self.envs = list(envs)

    def __len__(self) -> int:
        return len(self.envs)

    def reset_at(self, index: int, task_id: str) -> tuple[str, dict[str, Any]]:
        """Begin `task_id` in environment `index`; return its prompt and info."""
        self._check(index)
        return self.envs[index].reset(options={"task_id": task_id})

    def step(self, indices: Sequence[int], replies: Sequence[str]) -> list[StepResult]:
        """Execute `replies[i]` in environment `indices[i]`.

        Returns:
            Prompt, reward, terminated, truncated and info for each index, in the given order.

        Raises:
            ArenaError: If the lengths differ, or an index repeats or is out of range. No
                environment has taken a step then.
        """
        if len(indices) != len(replies):
            raise ArenaError(f"TextVector got {len(replies)} replies for {len(indices)} indices")
        if len(set(indices)) != len(indices):
            raise ArenaError(f"TextVector got an index twice: {list(indices)}")
        for index in indices:
            self._check(index)
        results = []
        for index, reply in zip(indices, replies, strict=True):
            prompt, reward, terminated, truncated, info = self.envs[index].step(reply)
            results.append((prompt, float(reward), terminated, truncated, info))
        return results

    def close(self) -> None:
        """Close every environment."""
        for env in self.envs:
            env.close()

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self.envs):
            raise ArenaError(f"TextVector has environments 0 to {len(self.envs) - 1}, not {index}")
