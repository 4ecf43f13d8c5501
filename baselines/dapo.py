"""DAPO: dynamic filtering, learning only from tasks whose attempts ended differently.

    keep a group iff its episodes' environment returns, penalties not included, are not all equal

The trainer samples again until the batch is full (Table S1: up to 3 times, TIR Math 2) and starts
filtering after a cold start (official scripts: 15 steps).

Source: ARLArena, Table 1; Yu et al., arXiv 2503.14476. Table S1: ε_low = ε_high = 0.2 (TIR Math:
ε_high 0.28).
Text and code: the paper keeps 0 < #correct < G, which is `filter_on="success"`; the official code
compares returns, `filter_on="returns"`, so that groups failing at different cost stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.objective import Method
from arlarena_bench.objective.method import Group

from .gigpo import gigpo
from .grpo import grpo

# Sums of the same rewards in another order differ by less; outcomes never differ by so little.
ROUNDING = 1e-9


@dataclass(frozen=True)
class MixedOutcomes:
    """Groups with more than one outcome."""

    filter_on: Literal["returns", "success"] = "returns"

    def __call__(self, groups: Sequence[Group]) -> list[Group]:
        """Return the groups that carry a learning signal."""
        return [group for group in groups if self._spread(group) > ROUNDING]

    def _spread(self, group: Sequence[Episode] | Sequence[float]) -> float:
        outcomes = [self._outcome(attempt) for attempt in group]
        return max(outcomes) - min(outcomes) if outcomes else 0.0

    def _outcome(self, attempt: Episode | float) -> float:
        if isinstance(attempt, Episode):
            return attempt.total_reward if self.filter_on == "returns" else float(attempt.success)
        if self.filter_on == "success":
            raise ArenaError('filter_on="success" needs groups of episodes, got plain returns')
        return float(attempt)


def dapo_grpo() -> Method:
    """GRPO with dynamic filtering."""
    return replace(grpo(), filter=MixedOutcomes())


def dapo_gigpo() -> Method:
    """GiGPO with dynamic filtering."""
    return replace(gigpo(), filter=MixedOutcomes())
