import math

import pytest
import torch

from arlarena_bench import ArenaError, kl

POLICY = torch.tensor([[-1.0, -2.0, -0.5]], dtype=torch.float64)
REFERENCE = torch.tensor([[-1.5, -1.0, -0.5]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        ("k1", [0.5, -1.0, 0.0]),
        ("k2", [0.125, 0.5, 0.0]),
        ("k3", [math.exp(-0.5) + 0.5 - 1, math.exp(1.0) - 1.0 - 1, 0.0]),
    ],
)
def test_by_hand(estimator: str, expected: list[float]) -> None:
    assert kl(POLICY, REFERENCE, estimator)[0].tolist() == pytest.approx(expected)


def test_k3_is_the_default() -> None:
    assert torch.equal(kl(POLICY, REFERENCE), kl(POLICY, REFERENCE, "k3"))


def test_both_clamps_of_k3() -> None:
    policy = torch.tensor([[-30.0, -3.0, 0.0, 0.0]], dtype=torch.float64)
    reference = torch.tensor([[0.0, 0.0, -5.0, -60.0]], dtype=torch.float64)
    # exp(3) - 3 - 1 = 16.1 and exp(30) are cut at 10; exp(-5) + 4 is not; past 20 nats d stays 20.
    expected = [10.0, 10.0, math.exp(-5) + 5 - 1, 10.0]
    assert kl(policy, reference, "k3")[0].tolist() == pytest.approx(expected)


def test_k3_is_unbiased() -> None:
    generator = torch.Generator().manual_seed(0)
    policy = torch.randn(6, generator=generator, dtype=torch.float64).log_softmax(-1)
    reference = torch.randn(6, generator=generator, dtype=torch.float64).log_softmax(-1)
    exact = (policy.exp() * (policy - reference)).sum()
    for estimator in ("k1", "k3"):
        expectation = (policy.exp() * kl(policy[None], reference[None], estimator)[0]).sum()
        assert expectation.item() == pytest.approx(exact.item())


@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
def test_gradient_against_finite_differences(estimator: str) -> None:
    policy = POLICY.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: kl(x, REFERENCE, estimator), policy)


def test_an_unknown_estimator_names_the_nearest() -> None:
    with pytest.raises(ArenaError, match="unknown KL estimator 'k4'; did you mean"):
        kl(POLICY, REFERENCE, "k4")


def test_shapes_must_agree() -> None:
    with pytest.raises(ArenaError, match=r"\(1, 3\) and \(1, 2\)"):
        kl(POLICY, REFERENCE[:, :2])
