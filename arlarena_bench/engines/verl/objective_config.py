"""What a minibatch is learnt by, as verl's settings say it."""

from dataclasses import dataclass, field
from typing import Any

from verl.workers.config.actor import PolicyLossConfig

from arlarena_bench.engines.verl.shardable import shardable_method
from arlarena_bench.objective import Method, Wrapped


@dataclass
class ArenaLossConfig(PolicyLossConfig):
    """verl's settings of a policy loss, and which of our methods gives it.

    Attributes:
        method: An installed method, or the path of a file that is there on every node.
        options: The method's keyword overrides.
        kl_estimator: `"k1"`, `"k2"` or `"k3"`.
        tis_cap: Largest weight of truncated importance sampling; None for none.
        max_skipped: So many updates in a row whose gradient is not finite end the run.
    """

    method: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    kl_estimator: str = "k3"
    tis_cap: float | None = None
    max_skipped: int = 10


@dataclass(frozen=True, slots=True)
class Objective:
    """A method, and what is added to its loss.

    Attributes:
        method: Gives the token losses and the aggregation of all three terms.
        kl_coef: Weight of the KL to the reference policy.
        kl_estimator: `"k1"`, `"k2"` or `"k3"`.
        entropy_coef: Weight of the entropy bonus.
        tis_cap: Largest weight of truncated importance sampling; None for none.
    """

    method: Method | Wrapped
    kl_coef: float = 0.0
    kl_estimator: str = "k3"
    entropy_coef: float = 0.0
    tis_cap: float | None = None

    @classmethod
    def of(cls, actor: Any) -> "Objective":
        """Read verl's `actor_rollout_ref.actor`.

        Raises:
            ArenaError: As `shardable_method`.
        """
        loss = actor.policy_loss
        return cls(
            shardable_method(loss.method, dict(loss.options)),
            actor.kl_loss_coef,
            loss.kl_estimator,
            actor.entropy_coeff,
            loss.tis_cap,
        )
