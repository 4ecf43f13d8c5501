"""What the harness asks of a policy."""

from collections.abc import Sequence
from typing import Protocol

from arlarena_bench.episode import Generation
from arlarena_bench.protocol.wrapper import AgentProtocol


class Policy(Protocol):
    """Anything that answers a batch of prompts."""

    def respond(
        self, prompts: Sequence[str], environments: Sequence[AgentProtocol]
    ) -> list[Generation]:
        """Answer each prompt.

        Args:
            prompts: What each environment asks its agent.
            environments: The environments that asked, in the same order. Scripted policies look
                into them; learned ones must not.

        Returns:
            One reply a prompt.
        """
        ...
