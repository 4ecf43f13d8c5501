"""Drawing tokens from a model's logits."""

from dataclasses import dataclass

import torch
from torch import Tensor


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
    logits: Tensor, sampling: Sampling, generator: torch.Generator | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return (rows, 1) tokens, and (rows,) their log-probabilities and the entropy, nats."""
    scaled = logits / sampling.temperature if sampling.temperature > 0 else logits
    log_probs = scaled.log_softmax(-1)
    probs = log_probs.exp()
    if sampling.temperature == 0:
        tokens = logits.argmax(-1, keepdim=True)
    else:
        tokens = torch.multinomial(_truncate(probs, sampling), 1, generator=generator)
    entropy = -(probs * log_probs).sum(-1)
    return tokens, log_probs.gather(-1, tokens)[:, 0], entropy


def _truncate(probs: Tensor, sampling: Sampling) -> Tensor:
    if 0 < sampling.top_k < probs.shape[-1]:
        threshold = probs.topk(sampling.top_k).values[:, -1:]
        probs = probs.where(probs >= threshold, 0.0)
        probs = probs / probs.sum(-1, keepdim=True)
    if sampling.top_p < 1:
        ordered, order = probs.sort(descending=True)
        outside = ordered.cumsum(-1) - ordered >= sampling.top_p
        probs = torch.zeros_like(probs).scatter(-1, order, ordered.masked_fill(outside, 0.0))
    return probs
