"""Sampled tokens under the distribution that they are said to be drawn from.

With q the decoder's distribution at a token x, H its entropy and D = -log q(x) - H, the sum of D
over tokens is a martingale if each x was drawn from its q. Var(D) and E exp(λD) follow from q, so
that exp(λ ΣD - Σ log E exp(λD)) has expectation 1 whatever the policy, and by Markov's inequality
reaches 1/α with probability α at most: a test without approximation, for as few tokens as there
are. Of many tokens it rejects where |ΣD| exceeds about √(2 log(1/α)) standard errors.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from arlarena_bench.policy.sampling import Sampling, truncate

NOISE = 1e-3
"""Nats of a log-probability, and probability, that are float noise. Logits in single precision
differ by 1e-5 where sums are taken in another order; nothing is judged that hangs on less."""

# λ, a factor 2 apart: the best one in between gives at most 6 % more evidence.
TILTS = tuple(sign * 2.0**power for power in range(-6, 3) for sign in (1, -1))


@dataclass(frozen=True, slots=True)
class TokenScores:
    """What a decoder's distributions say of tokens.

    Attributes:
        possible: (tokens,) bool, whether the decoder can draw the token.
        drawn: (tokens,) bool, whether the token's random number gives it, float noise aside.
        best: (tokens,) what its number gives, or greedily the likeliest token.
        surprise: (tokens,) -log q of the token less the entropy of q, nats.
        variance: (tokens,) of the surprise under q, nats².
        log_mgf: (tokens, tilts) log E exp(λ surprise) under q, for each λ of `TILTS`.
    """

    possible: Tensor
    drawn: Tensor
    best: Tensor
    surprise: Tensor
    variance: Tensor
    log_mgf: Tensor


def score_tokens(
    logits: Tensor, tokens: Tensor, sampling: Sampling, uniforms: Tensor
) -> TokenScores:
    """Score tokens.

    Args:
        logits: (tokens, vocabulary) that predict each of them.
        tokens: (tokens,) ids.
        sampling: How they are said to have been drawn.
        uniforms: (tokens,) float64, the number that each is said to have been drawn with.
    """
    exact, column = logits.double(), tokens[:, None]
    if sampling.temperature == 0:
        best = exact.argmax(-1)
        likeliest = exact.gather(-1, column)[:, 0] >= exact.amax(-1) - NOISE
        none = torch.zeros_like(uniforms)
        return TokenScores(
            likeliest, likeliest, best, none, none, none[:, None].expand(-1, len(TILTS))
        )
    log_probs = (exact / sampling.temperature).log_softmax(-1)
    probs = log_probs.exp()
    kept = truncate(probs.clone(), sampling)
    total = kept.sum(-1, keepdim=True)
    ordered = probs.sort(-1, descending=True).values
    cumulative = kept.cumsum(-1)
    aim = uniforms[:, None] * total
    upper = cumulative.gather(-1, column)
    lower = upper - kept.gather(-1, column)
    inside = (lower - NOISE * total <= aim) & (aim <= upper + NOISE * total)
    return TokenScores(
        _possible(log_probs, ordered, log_probs.gather(-1, column), sampling),
        inside[:, 0] | _on_the_edge(ordered, (kept > 0).sum(-1, keepdim=True), sampling),
        torch.searchsorted(cumulative, aim, right=True)[:, 0],
        *_surprise(log_probs - total.log(), kept > 0, column),
    )


def _possible(log_probs: Tensor, ordered: Tensor, log_prob: Tensor, sampling: Sampling) -> Tensor:
    """Return (tokens,) whether top-k and nucleus leave the token, or would within the noise."""
    likelier = log_probs > log_prob + NOISE
    top_k = sampling.top_k or log_probs.shape[-1]
    before = (log_probs.exp() * likelier).sum(-1) / ordered[:, :top_k].sum(-1)
    in_nucleus = (before < sampling.top_p + NOISE) | (sampling.top_p == 1)
    return (likelier.sum(-1) < top_k) & in_nucleus & log_prob[:, 0].isfinite()


def _on_the_edge(ordered: Tensor, count: Tensor, sampling: Sampling) -> Tensor:
    """Return (tokens,) whether float noise decides which tokens are left to draw from.

    Args:
        ordered: (tokens, vocabulary) probabilities, the largest first.
        count: (tokens, 1) how many are left.
        sampling: Says how many are.
    """
    size = ordered.shape[-1]
    if (sampling.top_k or size) >= size and sampling.top_p == 1:
        return torch.zeros(len(ordered), dtype=torch.bool)
    last = ordered.gather(-1, count - 1)
    following = ordered.gather(-1, count.clamp(max=size - 1)) * (count < size)
    nucleus = sampling.top_p * ordered[:, : sampling.top_k or size].sum(-1, keepdim=True)
    through_last = ordered.cumsum(-1).gather(-1, count - 1)
    tied = following * math.exp(NOISE) >= last
    gaps = (through_last - last - nucleus).abs().minimum((through_last - nucleus).abs())
    near = (gaps < NOISE) & (sampling.top_p < 1)
    # What has next to no probability moves no token, whether it is left or not.
    return ((tied | near) & (last > NOISE))[:, 0]


def _surprise(log_q: Tensor, kept: Tensor, column: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return surprise, its variance and `log_mgf`, see `TokenScores`."""
    information = torch.where(kept, -log_q, 0.0)
    q = torch.where(kept, log_q.exp(), 0.0)
    entropy = (q * information).sum(-1)
    variance = (q * (information - entropy[:, None]) ** 2).sum(-1)
    log_mgf = [
        torch.where(kept, (1 - tilt) * log_q, -torch.inf).logsumexp(-1) - tilt * entropy
        for tilt in TILTS
    ]
    return -log_q.gather(-1, column)[:, 0] - entropy, variance, torch.stack(log_mgf, -1)


def chance(surprise: Tensor, log_mgf: Tensor) -> Tensor:
    """Return a bound of the probability of so large a deviation, in either direction.

    Args:
        surprise: (..., ) sums of `TokenScores.surprise`.
        log_mgf: (..., tilts) sums of `TokenScores.log_mgf`.
    """
    tilts = torch.tensor(TILTS, dtype=surprise.dtype)
    evidence = (surprise[..., None] * tilts - log_mgf).amax(-1)
    return (math.log(len(TILTS)) - evidence).exp().clamp(max=1.0)
