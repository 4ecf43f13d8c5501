"""What the harness asks of a policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from arlarena_bench.episode import Generation
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.streams import Stream


@dataclass(frozen=True, slots=True)
class Question:
    """What an environment asks its agent.

    Attributes:
        prompt: The whole text.
        follows: The policy's own turn that a conversation goes on from, None where it begins.
        added: What the environment wrote behind that turn; `prompt` ends with it.
    """

    prompt: str
    follows: Generation | None = None
    added: str = ""


class Policy(Protocol):
    """Anything that answers a batch of questions."""

    def respond(
        self,
        questions: Sequence[Question],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Answer each question.

        Args:
            questions: What each environment asks.
            environments: The environments that asked, in the same order. Scripted policies look
                into them; learned ones read no more than the form of the replies.
            streams: Source of each reply's draws.

        Returns:
            One reply a question.
        """
        ...
