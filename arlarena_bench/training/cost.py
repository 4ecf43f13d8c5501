"""What training has taken so far, in units that no machine changes."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from arlarena_bench.episode import Episode


@dataclass(frozen=True, slots=True)
class Cost:
    """Totals since training began; evaluations are not part of them.

    Attributes:
        tokens: Reply tokens sampled.
        episodes: Episodes sampled, those that a filter dropped included.
        env_steps: Turns of these.
        updates: Optimiser steps attempted.
    """

    tokens: int = 0
    episodes: int = 0
    env_steps: int = 0
    updates: int = 0

    @classmethod
    def of(cls, metrics: Mapping[str, float]) -> "Cost":
        """Return the cost that a step's metrics tell; 0 for what they do not."""
        names = cls.__dataclass_fields__
        return cls(**{name: int(metrics.get(f"cost/{name}", 0)) for name in names})

    def after(self, sampled: Iterable[Episode], updates: int) -> "Cost":
        """Return the cost after these episodes, when there were so many updates in all."""
        turns = [episode.turns for episode in sampled]
        tokens = sum(len(turn.generation.reply_ids) for played in turns for turn in played)
        return Cost(
            tokens=self.tokens + tokens,
            episodes=self.episodes + len(turns),
            env_steps=self.env_steps + sum(map(len, turns)),
            updates=updates,
        )

    def metrics(self) -> dict[str, float]:
        """Return the cost as metrics of a step."""
        return {f"cost/{name}": float(value) for name, value in asdict(self).items()}
