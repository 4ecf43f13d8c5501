"""A user's own object in a method's place, held to the same promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.objective.aggregation import aggregate
from arlarena_bench.objective.guards import (
    blaming,
    check_finite,
    check_tensors,
    checked_advantages,
    name_of,
    to_floats,
)
from arlarena_bench.objective.method import Group, Method
from arlarena_bench.objective.needs import needs_turn_rows
from arlarena_bench.objective.token_loss import (
    TIS_CAP,
    TokenLoss,
    checked_token_loss,
    combine_info,
)

_PARTS = ("advantages", "policy_loss", "filter")


@dataclass(frozen=True)
class Wrapped:
    """An object with `advantages`, `policy_loss` and `filter` that is no `Method`.

    It answers as a `Method` does; what it returns is checked. It has no options. With a
    `token_loss` in place of `policy_loss`, called and answering as a Method's loss choice is, its
    minibatches can be sharded, and its `aggregation` reduces the losses.
    """

    own: Any

    @property
    def aggregation(self) -> str:
        """How token losses, KL and entropy are reduced: its own choice, or token-mean."""
        return str(getattr(self.own, "aggregation", "token-mean"))

    @property
    def needs_turn_rows(self) -> bool:
        """Whether it, or a choice that it holds, can learn only from rows of single turns."""
        return needs_turn_rows(self.own)

    @property
    def has_token_loss(self) -> bool:
        """Whether its minibatches can be sharded; a finished loss has already been divided."""
        # Where it has both, policy_loss is what it means; what it delegates to may have the other.
        return not callable(getattr(self.own, "policy_loss", None))

    @property
    def keeps_mask(self) -> bool:
        """Whether it promises that its token loss leaves no token out (`keeps_mask = True`)."""
        return self.has_token_loss and getattr(self.own, "keeps_mask", False) is True

    def options(self) -> dict[str, Any]:
        """Return nothing: what can be changed is known to its author only."""
        return {}

    def with_options(self, **overrides: Any) -> "Wrapped":
        """Refuse any override."""
        for name in overrides:
            raise unknown(f"option of {name_of(self.own)}", name, ())
        return self

    def advantages(self, batch: Batch) -> Tensor:
        """Return (rows, tokens) as `Method.advantages` does, or raise ArenaError."""
        return checked_advantages(self.own.advantages, batch, f"{name_of(self.own)}.advantages")

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
        """Return losses as `Method.token_loss` does, or raise ArenaError."""
        author = f"{name_of(self.own)}.token_loss"
        if not self.has_token_loss:
            raise ArenaError(
                f"{name_of(self.own)} gives no token losses: its policy_loss is a finished number "
                "that can be neither sharded nor weighed by token; write token_loss in its place"
            )
        return checked_token_loss(
            self.own.token_loss,
            author,
            (log_probs, old_log_probs, adv, mask),
            behaviour,
            tis_cap=tis_cap,
            keeps_mask=self.keeps_mask,
        )

    def policy_loss(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        """Return loss and numbers as `Method.policy_loss` does, or raise ArenaError."""
        author = f"{name_of(self.own)}.policy_loss"
        check_tensors("policy_loss", log_probs, old_log_probs=old_log_probs, adv=adv, mask=mask)
        if self.has_token_loss:
            result = self.token_loss(log_probs, old_log_probs, adv, mask)
            return aggregate(result.values, result.mask, self.aggregation), combine_info([result])
        with blaming(author):
            finished = self.own.policy_loss(log_probs, old_log_probs, adv, mask)
        if not isinstance(finished, tuple) or len(finished) != 2:
            raise ArenaError(f"{author} must return (loss, info), got {type(finished).__name__}")
        loss, info = finished
        if not isinstance(loss, Tensor) or loss.dim() or not isinstance(info, Mapping):
            got = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise ArenaError(f"{author} returned a loss of {got}, expected a scalar () and a dict")
        value, *numbers = to_floats(author, loss, info)
        check_finite(author, value, log_probs, old_log_probs, adv)
        return loss, dict(zip(info, numbers, strict=True))

    def filter(self, groups: Sequence[Group]) -> list[Group]:
        """Return the groups kept, or raise ArenaError."""
        author = f"{name_of(self.own)}.filter"
        with blaming(author):
            kept = self.own.filter(groups)
        if not isinstance(kept, list):
            raise ArenaError(f"{author} must return a list of groups, got {type(kept).__name__}")
        return kept


def checked(method: Any) -> Method | Wrapped:
    """Return a `Method` as it is, and any other object that can stand for one wrapped.

    Raises:
        ArenaError: If it lacks `advantages`, `policy_loss` or `filter`.
    """
    if isinstance(method, Method):
        return method
    has = {part: callable(getattr(method, part, None)) for part in (*_PARTS, "token_loss")}
    has["policy_loss"] |= has.pop("token_loss")
    missing = [part for part, there in has.items() if not there]
    if missing:
        raise ArenaError(
            f"{name_of(method)} is no method: it has no {' and no '.join(missing)}; "
            f"return an arlarena_bench.Method, or an object with {', '.join(_PARTS)}"
        )
    return Wrapped(method)
