"""The seams of a policy: who answers, and what an update reads of who is trained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor
from torch.nn import Parameter

from arlarena_bench.episode import Generation
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.streams import Stream


@dataclass(frozen=True, slots=True)
class Ask:
    """What an environment asks its agent.

    Attributes:
        prompt: The whole text.
        follows: The policy's own turn that a conversation goes on from, None where it begins.
        added: What the environment wrote behind that turn; `prompt` ends with it.
        complete: Tells of a reply so far that nothing behind it would count, so that it needs
            no end token; None where no reply is complete before its end.
    """

    prompt: str
    follows: Generation | None = None
    added: str = ""
    complete: Callable[[str], bool] | None = None


class Sampler(Protocol):
    """Answers prompts by sampling: a model in this process or another, an endpoint, a recording."""

    def sample(
        self, asks: Sequence[Ask], sampling: Sampling, streams: Sequence[Stream]
    ) -> list[Generation]:
        """Sample one reply an ask.

        Args:
            asks: What is asked, all of it at once.
            sampling: How replies are drawn.
            streams: Source of each reply's draws.
        """
        ...


class TokenStats(NamedTuple):
    """Statistics of reply tokens under a policy at the sampling temperature.

    Attributes:
        log_probs: (rows, tokens) log-probabilities, nats.
        entropy: (rows, tokens) entropies of the distributions that the tokens stand in, nats.
    """

    log_probs: Tensor
    entropy: Tensor


class Trainable(Protocol):
    """What an update needs of a policy; device, precision and size of batches are its own."""

    def parameters(self) -> list[Parameter]:
        """Return what the optimiser changes."""
        ...

    def micro_batches(self, rows: Rows) -> list[tuple[Tensor, int]]:
        """Return the parts of `rows` that are read at once, as `Rows.micro_batches` does."""
        ...

    def read_less(self, rows: Rows, said: str) -> None:
        """Read less at once from now on, because memory ran out on rows; `said` is by what.

        Raises:
            ArenaError: If that does not help.
        """
        ...

    def token_stats(self, rows: Rows, *, grad: bool) -> TokenStats:
        """Read the replies of rows.

        Args:
            rows: Prompts and replies.
            grad: Whether the log-probabilities have a gradient; then `rows` is read at once, as
                one micro-batch.
        """
        ...

    def train(self, mode: bool) -> None:
        """Begin a series of updates, or end it."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of it."""
        ...

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        ...
