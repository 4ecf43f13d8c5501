"""Estimators of the divergence from a reference policy, one number per sampled token."""

from torch import Tensor

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.objective.ratio import log_ratio

ESTIMATORS = ("k1", "k2", "k3")
K3_BOUND = 10.0


def kl(log_probs: Tensor, ref_log_probs: Tensor, estimator: str = "k3") -> Tensor:
    """Estimate KL(π_θ ‖ π_ref) from the probabilities of the sampled tokens.

    With d = log π_θ - log π_ref: k1 = d, k2 = d²/2, k3 = exp(-d) + d - 1 (Schulman, "Approximating
    KL divergence", 2020). k3 is the paper's KL loss, with both clamps of the official code: d to
    ±20 and the estimate to ±10, past either of which its gradient is 0.

    Args:
        log_probs: (rows, tokens) under the policy being trained, nats.
        ref_log_probs: (rows, tokens) under the reference policy, nats.
        estimator: One of `k1`, `k2`, `k3`.

    Returns:
        (rows, tokens), nats, differentiable in `log_probs`.

    Raises:
        ArenaError: If the estimator is unknown or the shapes differ.
    """
    if log_probs.shape != ref_log_probs.shape:
        raise ArenaError(
            f"kl needs log_probs and ref_log_probs of one shape, "
            f"got {tuple(log_probs.shape)} and {tuple(ref_log_probs.shape)}"
        )
    match estimator:
        case "k1":
            return log_probs - ref_log_probs
        case "k2":
            return (log_probs - ref_log_probs).square() / 2
        case "k3":
            reverse = log_ratio(ref_log_probs, log_probs)
            return (reverse.exp() - reverse - 1).clamp(-K3_BOUND, K3_BOUND)
        case _:
            raise unknown("KL estimator", estimator, ESTIMATORS)
