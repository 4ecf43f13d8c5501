"""Log-probabilities and entropies of replies, of a large vocabulary a few tokens at a time."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from arlarena_bench.policy.base import TokenStats

# So many logits are held at once, 128 MiB in float32.
AT_ONCE = 1 << 25


def token_statistics(
    logits: Tensor, replies: Tensor, temperature: float, *, entropy_grad: bool = True
) -> TokenStats:
    """Return (…) log-probabilities of the replies and entropies, nats.

    Args:
        logits: (…, vocabulary).
        replies: (…) ids.
        temperature: Of the sampling policy.
        entropy_grad: Whether entropies have a gradient; it costs as much as the loss's own.
    """
    if logits.element_size() == 2:
        logits = logits.float()
    log_probs = (logits / temperature).log_softmax(-1)
    spread = log_probs if entropy_grad else log_probs.detach()
    entropy = -(spread.exp() * spread).sum(-1)
    return TokenStats(log_probs.gather(-1, replies[..., None])[..., 0], entropy)


def statistics_in_chunks(
    head: Callable[[Tensor], Tensor],
    states: Tensor,
    replies: Tensor,
    temperature: float,
    *,
    tokens: int,
    entropy_grad: bool = True,
) -> TokenStats:
    """Return what `token_statistics` does, without ever holding all logits.

    A gradient computes a chunk's logits once more instead of keeping them.

    Args:
        head: The output layer: (tokens, hidden) states to (tokens, vocabulary) logits.
        states: (rows, tokens, hidden).
        replies: (rows, tokens) ids.
        temperature: As for `token_statistics`.
        tokens: Of a chunk.
        entropy_grad: As for `token_statistics`.
    """

    def read(some: Tensor, ids: Tensor) -> TokenStats:
        return token_statistics(head(some), ids, temperature, entropy_grad=entropy_grad)

    parts = (torch.split(part, tokens) for part in (states.flatten(0, 1), replies.flatten()))
    chunks = zip(*parts, strict=True)
    if torch.is_grad_enabled():
        found = [checkpoint(read, *chunk, use_reentrant=False) for chunk in chunks]
    else:
        found = [read(*chunk) for chunk in chunks]
    log_probs, entropy = (torch.cat(part).view(replies.shape) for part in zip(*found, strict=True))
    return TokenStats(log_probs, entropy)
