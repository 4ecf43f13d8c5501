import math

import pytest
import torch
from torch import Tensor

from arlarena_bench import method


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def one_token(ratio: float, adv: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    old = torch.tensor([[-1.0]], dtype=torch.float64)
    return old + math.log(ratio), old, torch.full_like(old, adv), torch.ones_like(old)


@pytest.mark.parametrize(
    ("ratio", "adv", "tau", "clipped"),
    [(1.0, 2.0, 1.0, 0), (3.0, 2.0, 1.0, 1), (3.0, -2.0, 1.05, 0), (0.2, -2.0, 1.05, 1)],
)
def test_loss_by_hand(ratio: float, adv: float, tau: float, clipped: int) -> None:
    loss, info = method("sapo").policy_loss(*one_token(ratio, adv))
    assert loss.item() == pytest.approx(-sigmoid(tau * (ratio - 1)) * 4 / tau * adv)
    assert info == {"clip_fraction": clipped}


def test_at_ratio_one_the_gate_is_two_over_tau_with_slope_one() -> None:
    for adv, tau in ((1.0, 1.0), (-1.0, 1.05)):
        log_probs, old, advantage, mask = one_token(1.0, adv)
        loss, _ = method("sapo").policy_loss(log_probs.requires_grad_(), old, advantage, mask)
        loss.backward()
        assert loss.item() == pytest.approx(-2 / tau * adv)
        assert log_probs.grad is not None
        assert log_probs.grad.item() == pytest.approx(-adv)


@pytest.mark.parametrize(
    ("adv", "tau"), [([3.0, -1.0], 1.0), ([1.0, -3.0], 4.0), ([1.0, -1.0], 4.0)]
)
def test_the_temperature_goes_by_the_rows_mean_advantage(adv: list[float], tau: float) -> None:
    # Ratios 1 and 2; a row whose mean is 0 takes τ_neg.
    old = torch.full((1, 2), -1.0, dtype=torch.float64)
    log_probs = old + torch.tensor([[0.0, math.log(2)]])
    mine = method("sapo", tau_pos=1.0, tau_neg=4.0)
    value, _ = mine.policy_loss(log_probs, old, torch.tensor([adv]).double(), torch.ones(1, 2))
    gates = [2 / tau, sigmoid(tau) * 4 / tau]
    assert value.item() == pytest.approx(-(gates[0] * adv[0] + gates[1] * adv[1]) / 2)


def test_the_bounds_only_move_the_diagnostic() -> None:
    tokens = one_token(1.25, 1.0)
    tight, wide = method("sapo"), method("sapo", clip_high=0.3)
    assert tight.policy_loss(*tokens)[0] == wide.policy_loss(*tokens)[0]
    assert tight.policy_loss(*tokens)[1] != wide.policy_loss(*tokens)[1]


def test_sapo_sm_leaves_out_rows_that_drifted() -> None:
    now = torch.full((2, 2), -1.0)
    old = now + torch.tensor([[0.01], [0.0]])
    loss, info = method("sapo_sm").policy_loss(now, old, -torch.ones(2, 2), torch.ones(2, 2))
    assert info["masked_rows"] == 1
    assert loss.item() == pytest.approx(2 / 1.05, rel=1e-6)
