import math

import pytest
import torch
from torch import Tensor

from arlarena_bench import method


def one_token(ratio: float, adv: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    now = torch.tensor([[-1.0]], dtype=torch.float64)
    return now, now - math.log(ratio), torch.full_like(now, adv), torch.ones_like(now)


@pytest.mark.parametrize(
    ("ratio", "adv", "weight", "clipped"),
    [(1.1, 2.0, 1.1, 0), (1.5, 2.0, 1.2, 1), (1.5, -2.0, 1.2, 1), (0.01, -2.0, 0.01, 0)],
)
def test_loss_and_gradient_by_hand(ratio: float, adv: float, weight: float, clipped: int) -> None:
    log_probs, old, advantage, mask = one_token(ratio, adv)
    loss, info = method("cispo").policy_loss(log_probs.requires_grad_(), old, advantage, mask)
    loss.backward()
    assert loss.item() == pytest.approx(-weight * adv * -1.0)
    assert info == {"clip_fraction": clipped}
    # The weight is a constant: the gradient never vanishes, however far the ratio.
    assert log_probs.grad is not None
    assert log_probs.grad.item() == pytest.approx(-weight * adv)


def test_a_lower_clip_can_be_asked_for() -> None:
    loss, info = method("cispo", clip_low=0.3).policy_loss(*one_token(0.01, -2.0))
    assert loss.item() == pytest.approx(-0.7 * 2.0)
    assert info == {"clip_fraction": 1}


def test_cispo_sm_leaves_out_rows_that_drifted() -> None:
    now = torch.full((2, 2), -1.0)
    old = now + torch.tensor([[0.01], [-0.01]])
    loss, info = method("cispo_sm").policy_loss(now, old, -torch.ones(2, 2), torch.ones(2, 2))
    assert info["masked_rows"] == 1
    assert loss.item() == pytest.approx(-math.exp(0.01), rel=1e-6)
