"""A method is four choices: advantage, token loss, aggregation, filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.objective.aggregation import AGGREGATIONS, aggregate
from arlarena_bench.objective.guards import (
    blaming,
    check_advantages,
    check_finite,
    check_shape,
    name_of,
    to_floats,
)
from arlarena_bench.objective.needs import needs_turn_rows
from arlarena_bench.objective.options import check_options, read_options, replace_options

Group = TypeVar("Group", bound=Sequence[Episode] | Sequence[float])


class TokenLoss(NamedTuple):
    """What a token loss function returns.

    Attributes:
        values: (rows, tokens) loss of each token, to be minimised.
        mask: (rows, tokens) the tokens that still count: those given, or fewer.
        info: Numbers worth logging, floats or scalar tensors.
    """

    values: Tensor
    mask: Tensor
    info: dict[str, Tensor | float]


class Advantage(Protocol):
    """Says how much better than expected each row was."""

    def __call__(self, batch: Batch, /) -> Tensor:
        """Return (rows,), or (rows, tokens) to credit tokens one by one."""


class TokenLossFunction(Protocol):
    """Turns importance ratios and advantages into per-token losses."""

    def __call__(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor, /
    ) -> TokenLoss:
        """Every argument is (rows, tokens), 0 outside the mask; only `log_probs` has a gradient."""


class Filter(Protocol):
    """Says which groups of attempts at one task are learned from."""

    def __call__(self, groups: Sequence[Group], /) -> list[Group]:
        """Return the groups kept: the same objects, in the same order."""


@dataclass(frozen=True)
class Method:
    """One policy-optimisation method, as the paper decomposes it (ARLArena, Table 1).

    Each choice is a callable; the fields of one that is a frozen dataclass are its options. One
    that makes no sense where a row is a whole conversation says `needs_turn_rows = True`.

    Attributes:
        advantage: Credit of each row.
        loss: Loss of each token; where the importance ratio is clipped, it is clipped here.
        aggregation: Reduction to a scalar, one of `AGGREGATIONS`.
        filter: `method.filter(groups)` lists the groups to learn from; a group is a sequence of
            episodes, or of their returns.

    Raises:
        ArenaError: If an option has the wrong type or lies out of its range.
    """

    advantage: Advantage
    loss: TokenLossFunction
    aggregation: str
    filter: Filter

    def __post_init__(self) -> None:
        if self.aggregation not in AGGREGATIONS:
            raise unknown("aggregation", str(self.aggregation), AGGREGATIONS)
        check_options(self)

    @property
    def needs_turn_rows(self) -> bool:
        """Whether it can learn only where every turn is a row of its own."""
        return any(map(needs_turn_rows, (self.advantage, self.loss, self.filter)))

    def options(self) -> dict[str, Any]:
        """Return every hyper-parameter of the four choices, by name."""
        return read_options(self)

    def with_options(self, **overrides: Any) -> "Method":
        """Return this method with hyper-parameters replaced in whichever choices own them.

        Raises:
            ArenaError: If no choice owns a name, or a value has the wrong type or range.
        """
        known = self.options()
        for name in overrides:
            if name not in known:
                raise unknown("method option", name, known)
        return replace_options(self, overrides)

    def advantages(self, batch: Batch) -> Tensor:
        """Return (rows, tokens): each token's advantage, detached, 0 outside `batch.mask`.

        Raises:
            ArenaError: If the advantage choice returns another shape, NaN or infinity.
        """
        author = name_of(self.advantage)
        with blaming(author):
            adv = self.advantage(batch)
        return check_advantages(adv, batch, author)

    def policy_loss(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the scalar to minimise, and numbers worth logging.

        NaN or infinity in the inputs comes back in the loss, for the caller to skip the update.

        Args:
            log_probs: (rows, tokens) under the policy in training, nats, with gradient.
            old_log_probs: (rows, tokens) under the policy that sampled, nats.
            adv: (rows, tokens) as `advantages` returns them.
            mask: (rows, tokens) 1 where a token counts, else 0.

        Raises:
            ArenaError: If the shapes differ, or if the loss choice returns a wrong shape, or NaN
                or infinity from finite inputs.
        """
        for name, tensor in (("old_log_probs", old_log_probs), ("adv", adv), ("mask", mask)):
            check_shape(f"policy_loss's {name}", tensor, log_probs)
        # Padding may hold anything, even NaN; zeros keep it out of the loss and its gradient.
        padding = mask <= 0
        log_probs = log_probs.masked_fill(padding, 0)
        old_log_probs = old_log_probs.detach().masked_fill(padding, 0)
        adv = adv.detach().masked_fill(padding, 0)
        counted = (~padding).to(log_probs.dtype)

        author = name_of(self.loss)
        with blaming(author):
            result = self.loss(log_probs, old_log_probs, adv, counted)
        if not isinstance(result, tuple) or len(result) != len(TokenLoss._fields):
            raise ArenaError(f"{author} must return a TokenLoss, got {type(result).__name__}")
        values, kept, info = result
        check_shape(f"{author}'s values", values, log_probs)
        check_shape(f"{author}'s mask", kept, log_probs)
        loss = aggregate(values, kept.masked_fill(padding, 0), self.aggregation)
        value, *numbers = to_floats(author, loss, info)
        check_finite(author, value, log_probs, old_log_probs, adv)
        return loss, dict(zip(info, numbers, strict=True))
