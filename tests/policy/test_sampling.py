"""Draws: their distribution, what is left out, and that rows do not know each other."""

import pytest
import torch
from samples import streams
from torch import Tensor
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from arlarena_bench import ArenaError
from arlarena_bench.policy.sampling import Sampling, draw, truncate
from arlarena_bench.streams import uniforms

GRID = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
"""The whole unit interval: what is drawn of it is the distribution itself."""

PAPER = Sampling(1, temperature=0.6, top_p=0.95, top_k=20)


def random_logits(rows: int, vocabulary: int = 50) -> Tensor:
    generator = torch.Generator().manual_seed(rows)
    return 2 * torch.randn(rows, vocabulary, dtype=torch.float64, generator=generator)


def shares(logits: Tensor, sampling: Sampling) -> Tensor:
    """Return (vocabulary,) how often each token is drawn over the whole unit interval."""
    tokens, _, _ = draw(logits.expand(len(GRID), -1), sampling, GRID)
    return torch.bincount(tokens[:, 0], minlength=len(logits)).double() / len(GRID)


def warped(logits: Tensor, sampling: Sampling) -> Tensor:
    """Return what the transformers library samples from."""
    scores = TemperatureLogitsWarper(sampling.temperature)(None, logits)
    if sampling.top_k:
        scores = TopKLogitsWarper(sampling.top_k)(None, scores)
    if sampling.top_p < 1:
        scores = TopPLogitsWarper(sampling.top_p)(None, scores)
    return scores.softmax(-1)


DECODERS = pytest.mark.parametrize(
    "sampling",
    [
        Sampling(1),
        Sampling(1, temperature=0.5),
        Sampling(1, top_k=3),
        Sampling(1, top_p=0.5),
        Sampling(1, top_p=0.999),
        Sampling(1, top_k=50),
        Sampling(1, temperature=2.0, top_p=0.3, top_k=7),
        PAPER,
    ],
)


@DECODERS
def test_tokens_are_kept_as_the_library_keeps_them(sampling: Sampling) -> None:
    logits = random_logits(500)
    kept = truncate((logits / sampling.temperature).softmax(-1), sampling) > 0
    assert torch.equal(kept, warped(logits, sampling) > 0)


@DECODERS
def test_what_is_drawn_is_what_the_library_samples_from(sampling: Sampling) -> None:
    for logits in random_logits(5):
        drawn, expected = shares(logits, sampling), warped(logits[None], sampling)[0]
        assert torch.allclose(drawn, expected, atol=2e-5)


def test_the_nucleus_is_one_of_what_top_k_leaves() -> None:
    logits = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64).log()
    # Of all tokens, 0.4 + 0.3 miss 0.75; of the first three alone, 0.7 / 0.9 reach it.
    assert (shares(logits, Sampling(1, top_p=0.75)) > 0).tolist() == [True, True, True, False]
    both = shares(logits, Sampling(1, top_p=0.75, top_k=3))
    assert both.tolist() == pytest.approx([4 / 7, 3 / 7, 0, 0], abs=2e-5)


@pytest.mark.parametrize("sampling", [Sampling(1, top_k=2), Sampling(1, top_p=0.5)])
def test_of_equally_likely_tokens_the_first_are_kept(sampling: Sampling) -> None:
    assert shares(torch.zeros(4, dtype=torch.float64), sampling).tolist() == [0.5, 0.5, 0, 0]


def test_log_probabilities_and_entropy_are_of_the_whole_distribution() -> None:
    logits = random_logits(6)
    tokens, log_probs, entropy = draw(logits, PAPER, uniforms(streams(6), 1)[:, 0])
    whole = torch.distributions.Categorical(logits=logits / PAPER.temperature)
    assert torch.allclose(log_probs, whole.log_prob(tokens[:, 0]))
    assert torch.allclose(entropy, whole.entropy())


def test_a_token_that_cannot_be_is_never_drawn_and_costs_no_entropy() -> None:
    logits = torch.tensor([-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf])
    ends = torch.tensor([0.0, 0.5, 1 - 2.0**-52], dtype=torch.float64)
    tokens, log_probs, entropy = draw(logits.expand(3, -1), Sampling(1), ends)
    assert tokens[:, 0].tolist() == [1, 3, 3]
    assert torch.allclose(-log_probs, torch.tensor(2.0).log().double())
    assert torch.allclose(entropy, torch.tensor(2.0).log().double())


def test_a_row_does_not_know_the_others() -> None:
    logits, numbers = random_logits(64), uniforms(streams(64), 1)[:, 0]
    together = draw(logits, PAPER, numbers)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    for part in (order[:16], order[16:17], order):
        alone = draw(logits[part], PAPER, numbers[part])
        pairs = zip(alone, together, strict=True)
        assert all(torch.equal(ours, theirs[part]) for ours, theirs in pairs)


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_diverged_logits_are_one_line(wrong: float, temperature: float) -> None:
    logits = random_logits(3)
    logits[1, 4] = wrong
    with pytest.raises(ArenaError, match="NaN or infinite"):
        draw(logits, Sampling(1, temperature), uniforms(streams(3), 1)[:, 0])
