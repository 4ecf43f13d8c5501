"""What the same replies come to without any adapter."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym

import arlarena_bench  # noqa: F401, registers the environments

RIGHT = "<think> the box is right of me </think> <action> right </action>"
LEFT = "<think> back </think> <action> left </action>"
BARE = "up"
FORBIDDEN = "<think> away </think> <action> fly </action>"
REPLIES = (RIGHT, FORBIDDEN, LEFT, BARE)


def replayed(env_id: str, task_id: str, replies: Sequence[str]) -> list[dict[str, Any]]:
    """The protocol's info of each turn, with its prompt, reward and end, the first one's before."""
    env = gym.make(env_id)
    prompt, info = env.reset(options={"task_id": task_id})
    turns = [info | {"prompt": prompt, "reward": 0.0, "over": False}]
    for reply in replies:
        prompt, reward, terminated, truncated, info = env.step(reply)
        turns.append(info | {"prompt": prompt, "reward": reward, "over": terminated or truncated})
    return turns
