import math

import pytest
import torch
from torch import Tensor

from arlarena_bench import method


def one_row(log_ratios: list[float], adv: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    drift = torch.tensor([log_ratios], dtype=torch.float64)
    old = torch.full_like(drift, -1.0)
    return old + drift, old, torch.full_like(drift, adv), torch.ones_like(drift)


@pytest.mark.parametrize(
    ("log_ratios", "adv", "loss", "clipped"),
    [
        ([0.5, -0.498], 2.0, -2 * math.exp(0.001), 0),  # tokens far out, the sequence inside
        ([0.5, -0.3], 2.0, -2 * 1.004, 1),
        ([0.5, -0.3], -2.0, 2 * math.exp(0.1), 0),
        ([-0.5, 0.3], -2.0, 2 * 0.997, 1),
        ([-0.5, 0.3], 2.0, -2 * math.exp(-0.1), 0),
        ([3.0, 3.0], -2.0, 2 * math.exp(3.0), 0),  # no dual clip
    ],
)
def test_loss_by_hand(log_ratios: list[float], adv: float, loss: float, clipped: int) -> None:
    value, info = method("gspo").policy_loss(*one_row(log_ratios, adv))
    assert value.item() == pytest.approx(loss)
    assert info == {"clip_fraction": clipped}


def test_the_ratio_is_capped_above_and_not_below() -> None:
    value, _ = method("gspo").policy_loss(*one_row([30.0, 30.0], -1.0))
    assert value.item() == pytest.approx(math.exp(10))
    log_probs, old, adv, mask = one_row([-30.0, -30.0], 1.0)
    value, _ = method("gspo").policy_loss(log_probs.requires_grad_(), old, adv, mask)
    value.backward()
    assert value.item() == pytest.approx(-math.exp(-30))
    assert log_probs.grad is not None
    assert log_probs.grad[0, 0].item() == pytest.approx(-math.exp(-30) / 2)


def test_every_token_of_a_row_has_the_gradient_of_the_sequence() -> None:
    log_probs, old, adv, mask = one_row([0.5, -0.3, 0.1], -2.0)
    method("gspo").policy_loss(log_probs.requires_grad_(), old, adv, mask)[0].backward()
    expected = [2 * math.exp(0.1) / 3] * 3
    assert log_probs.grad is not None
    assert log_probs.grad[0].tolist() == pytest.approx(expected)


def test_the_token_gradient_sums_to_that_of_the_plain_sequence_ratio() -> None:
    log_probs, old, adv, mask = one_row([0.5, -0.3, 0.1], -2.0)
    method("gspo").policy_loss(log_probs.requires_grad_(), old, adv, mask)[0].backward()
    plain = log_probs.detach().clone().requires_grad_()
    (2.0 * (plain - old).mean().exp()).backward()
    assert log_probs.grad is not None
    assert plain.grad is not None
    assert torch.allclose(log_probs.grad, plain.grad)


def test_padding_is_not_part_of_a_sequence() -> None:
    log_probs, old, adv, mask = one_row([0.2, 0.2, 9.0], -1.0)
    mask[0, 2] = 0
    assert method("gspo").policy_loss(log_probs, old, adv, mask)[0].item() == pytest.approx(
        math.exp(0.2)
    )


def test_code_averages_by_sequence_and_the_text_by_token() -> None:
    log_probs = torch.zeros(2, 3)
    adv = torch.tensor([[3.0, 0.0, 0.0], [-1.0, -1.0, -1.0]])
    mask = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    tokens = (log_probs, log_probs, adv, mask)
    assert method("gspo").policy_loss(*tokens)[0].item() == pytest.approx((-3 + 1) / 2)
    text = method("gspo", aggregation="token-mean")
    assert text.policy_loss(*tokens)[0].item() == pytest.approx((-3 + 3) / 4)
