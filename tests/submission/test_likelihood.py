"""Tokens under the distributions that they were drawn from, and under others."""

import pytest
import torch
from torch import Tensor

from arlarena_bench.policy.sampling import Sampling, draw
from arlarena_bench.submission.likelihood import NOISE, TokenScores, chance, score_tokens

PAPER = Sampling(8, 0.7, 0.95, 20)
DECODERS = {
    "paper": PAPER,
    "t1": Sampling(8, 1.0),
    "greedy": Sampling(8, 0.0),
    "top-k": Sampling(8, 1.0, 1.0, 3),
    "nucleus": Sampling(8, 1.0, 0.8),
}
TOKENS, VOCABULARY = 400, 23


def logits(seed: int, tokens: int = TOKENS) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(tokens, VOCABULARY, generator=generator)


def numbers(seed: int, tokens: int = TOKENS) -> Tensor:
    generator = torch.Generator().manual_seed(1000 + seed)
    return torch.rand(tokens, generator=generator, dtype=torch.float64)


def scored(told: Sampling, drawn_by: Sampling, seed: int = 0, noise: float = 0.0) -> TokenScores:
    given, uniforms = logits(seed), numbers(seed)
    tokens, _, _ = draw(given, drawn_by, uniforms)
    return score_tokens(given + noise * logits(seed + 77), tokens[:, 0], told, uniforms)


def bound(scores: TokenScores) -> float:
    return float(chance(scores.surprise.sum(), scores.log_mgf.sum(0)))


@pytest.mark.parametrize("name", DECODERS)
def test_what_was_drawn_is_found_to_be_drawn_whatever_the_float_noise(name: str) -> None:
    for seed in range(20):
        scores = scored(DECODERS[name], DECODERS[name], seed, noise=NOISE / 30)
        assert scores.possible.all()
        assert scores.drawn.all()
        assert bound(scores) > 0.01


@pytest.mark.parametrize("name", ["paper", "t1", "greedy"])
def test_what_another_decoder_drew_is_not(name: str) -> None:
    for other in {"paper", "t1", "greedy"} - {name}:
        scores = scored(DECODERS[name], DECODERS[other])
        assert not scores.drawn.all()
        assert not scores.possible.all() or bound(scores) < 1e-9


def test_other_numbers_give_other_tokens() -> None:
    given = logits(0)
    tokens, _, _ = draw(given, PAPER, numbers(1))
    scores = score_tokens(given, tokens[:, 0], PAPER, numbers(0))
    assert scores.possible.all()
    assert scores.drawn.float().mean() < 0.8


def test_surprise_has_the_moments_that_are_computed() -> None:
    given = logits(0, 1).expand(20_000, -1)
    uniforms = numbers(0, 20_000)
    tokens, _, _ = draw(given, PAPER, uniforms)
    scores = score_tokens(given, tokens[:, 0], PAPER, uniforms)
    variance = float(scores.variance[0])
    assert abs(float(scores.surprise.mean())) < 5 * (variance / 20_000) ** 0.5
    assert float(scores.surprise.var()) == pytest.approx(variance, rel=0.06)


def test_false_alarms_are_no_more_than_said() -> None:
    """Of few tokens with a rare, surprising one, for which a normal approximation fails."""
    given = torch.zeros(2000, 30, 2)
    given[..., 0] = 7.0
    generator = torch.Generator().manual_seed(0)
    uniforms = torch.rand(2000, 30, generator=generator, dtype=torch.float64)
    flat = given.reshape(-1, 2)
    tokens, _, _ = draw(flat, DECODERS["t1"], uniforms.reshape(-1))
    scores = score_tokens(flat, tokens[:, 0], DECODERS["t1"], uniforms.reshape(-1))
    sums = scores.surprise.reshape(2000, 30).sum(1)
    deviations = sums / scores.variance.reshape(2000, 30).sum(1).sqrt()
    assert (deviations > 3).float().mean() > 0.02  # where a normal deviate is 0.001
    found = chance(sums, scores.log_mgf.reshape(2000, 30, -1).sum(1))
    assert (found < 0.05).float().mean() <= 0.05


def test_what_hangs_on_float_noise_is_not_judged() -> None:
    tied = torch.tensor([[2.0, 1.0, 1.0, 0.0]])
    for sampling in (Sampling(8, 1.0, 1.0, 2), Sampling(8, 1.0, 0.95 - 1e-9, 2)):
        for token in (0, 1, 2):
            scores = score_tokens(tied, torch.tensor([token]), sampling, torch.tensor([0.01]))
            assert scores.possible.all()
            assert scores.drawn.all()
    impossible = score_tokens(
        tied, torch.tensor([3]), Sampling(8, 1.0, 1.0, 2), torch.tensor([0.01])
    )
    assert not impossible.possible.any()
