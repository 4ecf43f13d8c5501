"""Who plays episodes: a sampler with its way to draw, or a script that looks into environments."""

from collections.abc import Sequence
from typing import Protocol

from arlarena_bench.episode import Generation
from arlarena_bench.policy.base import Ask, Sampler
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.streams import Stream


class Player(Protocol):
    """Answers the environments of a batch."""

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Answer each environment.

        Args:
            asks: What each environment asks.
            environments: Those that asked, in the same order; for scripts alone.
            streams: Source of each reply's draws.

        Returns:
            One reply an ask.
        """
        ...


class SampledPlayer:
    """Whoever samples replies to what is asked.

    Args:
        sampler: Who answers.
        sampling: How replies are drawn.
    """

    def __init__(self, sampler: Sampler, sampling: Sampling) -> None:
        self._sampler = sampler
        self._sampling = sampling

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Sample one reply an ask."""
        return self._sampler.sample(asks, self._sampling, streams)
