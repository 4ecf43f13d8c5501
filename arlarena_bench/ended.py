"""What an environment answers after the end of an episode."""

from typing import Any

from gymnasium import logger

StepResult = tuple[str, float, bool, bool, dict[str, Any]]


class EndedEpisode:
    """The last step of an episode, which every later one repeats without a reward.

    Args:
        last: What the last step returned.
    """

    def __init__(self, last: StepResult) -> None:
        self._last = last
        self._said = False

    def step(self, **changes: Any) -> StepResult:
        """Return the last step again, with a reward of 0 and changes to its info; warn once."""
        if not self._said:
            self._said = True
            logger.warn("the episode has ended: further steps do nothing until reset() is called")
        observation, _, terminated, truncated, info = self._last
        return observation, 0.0, terminated, truncated, {**info, "action_valid": False, **changes}
