"""Importance ratios of a sampled token and means over the tokens that count."""

from torch import Tensor

LOG_RATIO_BOUND = 20.0


def log_ratio(log_probs: Tensor, old_log_probs: Tensor, bound: float = LOG_RATIO_BOUND) -> Tensor:
    """Return log(π_θ/π_old) of each token, kept in [-bound, bound] so that exp cannot overflow.

    The bound of ±20 is the official code's; the paper does not print it.
    """
    return (log_probs - old_log_probs).clamp(-bound, bound)


def masked_mean(values: Tensor, mask: Tensor, dim: int | None = None) -> Tensor:
    """Return the mean of `values` where `mask` is 1 (all of them, or along `dim`), 0 if nowhere."""
    if dim is None:
        return (values * mask).sum() / mask.sum().clamp(min=1)
    return (values * mask).sum(dim) / mask.sum(dim).clamp(min=1)
