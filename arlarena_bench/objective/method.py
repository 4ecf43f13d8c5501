"""A method is four choices: advantage, token loss, aggregation, filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.episode import Episode
from arlarena_bench.errors import unknown
from arlarena_bench.objective.aggregation import AGGREGATIONS, aggregate
from arlarena_bench.objective.guards import check_tensors, checked_advantages, name_of
from arlarena_bench.objective.needs import needs_turn_rows
from arlarena_bench.objective.options import check_options, read_options, replace_options
from arlarena_bench.objective.token_loss import (
    TIS_CAP,
    TokenLoss,
    TokenLossFunction,
    checked_token_loss,
    combine_info,
)

Group = TypeVar("Group", bound=Sequence[Episode] | Sequence[float])


class Advantage(Protocol):
    """Says how much better than expected each row was."""

    def __call__(self, batch: Batch, /) -> Tensor:
        """Return (rows,), or (rows, tokens) to credit tokens one by one."""


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

    @property
    def has_token_loss(self) -> bool:
        """Whether its minibatches can be sharded: always."""
        return True

    @property
    def keeps_mask(self) -> bool:
        """Whether the loss choice promises to leave no token out (`keeps_mask = True`)."""
        return getattr(self.loss, "keeps_mask", False) is True

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
        return checked_advantages(self.advantage, batch, name_of(self.advantage))

    def token_loss(
        self,
        log_probs: Tensor,
        old_log_probs: Tensor,
        adv: Tensor,
        mask: Tensor,
        behaviour: Tensor | None = None,
        *,
        tis_cap: float = TIS_CAP,
    ) -> TokenLoss:
        """Return the loss of each token, of all rows of a minibatch or of a shard of them.

        A shard holds whole rows: a sequence ratio, a sequence mask and SAPO's sign are of a row.
        Nothing is divided yet; `reduce` does that, given the totals of what all shards kept.

        NaN or infinity in the inputs comes back in the values, for the caller to skip the update.

        Args:
            log_probs: (rows, tokens) under the policy in training, nats, with gradient.
            old_log_probs: (rows, tokens) under the policy before the update, nats.
            adv: (rows, tokens) as `advantages` returns them.
            mask: (rows, tokens) 1 where a token counts, else 0.
            behaviour: (rows, tokens) under what sampled, nats, where that was another engine than
                the trainer's: each loss is then multiplied by min(π_old / π_behaviour, tis_cap).
            tis_cap: Largest such weight.

        Returns:
            Losses, 0 outside the tokens kept; those tokens; numbers worth logging.

        Raises:
            ArenaError: If the shapes differ, or if the loss choice returns a wrong shape, or NaN
                or infinity from finite inputs, or leaves tokens out against its promise.
        """
        return checked_token_loss(
            self.loss,
            name_of(self.loss),
            (log_probs, old_log_probs, adv, mask),
            behaviour,
            tis_cap=tis_cap,
            keeps_mask=self.keeps_mask,
        )

    def policy_loss(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the scalar to minimise, and numbers worth logging.

        It is `token_loss` of a whole minibatch, reduced: divided by what this mask holds. A mean
        of such losses over shards is therefore not the loss of the whole.

        Args:
            log_probs: As `token_loss` takes it; so are the others.
            old_log_probs: (rows, tokens).
            adv: (rows, tokens).
            mask: (rows, tokens).

        Raises:
            ArenaError: As `token_loss` does.
        """
        check_tensors("policy_loss", log_probs, old_log_probs=old_log_probs, adv=adv, mask=mask)
        result = self.token_loss(log_probs, old_log_probs, adv, mask)
        return aggregate(result.values, result.mask, self.aggregation), combine_info([result])
