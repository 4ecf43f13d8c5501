"""Drawing tokens from a model's logits."""

from dataclasses import dataclass

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn.

    A generation's log-probabilities and entropies are those of the whole distribution at the
    temperature, whatever `top_p` and `top_k` leave out. An importance ratio in training is so
    one of two whole distributions; that tokens outside were never drawn, it does not correct.

    Attributes:
        max_new_tokens: Longest reply.
        temperature: 0 takes the likeliest token.
        top_p: Nucleus probability; 1 for all tokens.
        top_k: Number of likeliest tokens; 0 for all.
    """

    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0


def draw(
    logits: Tensor, sampling: Sampling, uniforms: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a token a row, by the inverse of the distribution function over token ids.

    A row's token follows from its own logits and number. All is computed in double precision, so
    that float noise in the logits, of which other rows of the batch are a source, is the only
    noise left: it turns a token where the number falls into it, about once in ten million.

    Args:
        logits: (rows, vocabulary).
        sampling: How to draw.
        uniforms: (rows,) float64 in [0, 1); not needed at temperature 0.

    Returns:
        (rows, 1) tokens, and (rows,) their log-probabilities and the entropy, nats.

    Raises:
        ArenaError: If a row's logits are no distribution.
    """
    exact = logits.double()
    log_probs = (exact / (sampling.temperature or 1.0)).log_softmax(-1)
    probs = log_probs.exp()
    # A token that cannot be has log-probability -inf, and adds 0.
    entropy = -torch.linalg.vecdot(probs, log_probs.clamp(min=torch.finfo(exact.dtype).min))
    if not entropy.isfinite().all():
        raise ArenaError("the policy's logits are NaN or infinite; its weights have diverged")
    if sampling.temperature == 0 or uniforms is None:
        tokens = exact.argmax(-1, keepdim=True)
    else:
        cumulative = truncate(probs, sampling).cumsum(-1)
        # Tokens left out add nothing, and the search on the right passes over them.
        aim = uniforms.to(logits.device)[:, None] * cumulative[:, -1:]
        tokens = torch.searchsorted(cumulative, aim, right=True)
    return tokens, log_probs.gather(-1, tokens)[:, 0], entropy


def truncate(probs: Tensor, sampling: Sampling) -> Tensor:
    """Return (rows, vocabulary) `probs` with 0 for tokens that are not to be drawn.

    Kept are the likeliest `top_k` tokens and of these the nucleus, in the order of transformers
    and vLLM. Of equally likely tokens, those with smaller ids come first.
    """
    top_k = sampling.top_k or probs.shape[-1]
    if top_k >= probs.shape[-1] and sampling.top_p == 1:
        return probs
    ordered, order = probs.sort(descending=True, stable=True)
    ordered[:, top_k:] = 0.0
    if sampling.top_p < 1:
        before = ordered.cumsum(-1) - ordered
        outside = before >= sampling.top_p * ordered.sum(-1, keepdim=True)
        ordered = ordered.masked_fill(outside, 0.0)
    return torch.zeros_like(probs).scatter(-1, order, ordered)
