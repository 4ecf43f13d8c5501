import math

import pytest
import torch

from arlarena_bench.objective.ratio import log_ratio, masked_mean


def test_log_ratio_is_bounded_at_twenty_both_ways() -> None:
    now, old = torch.tensor([[0.0, -50.0, -1.0]]), torch.tensor([[-50.0, 0.0, -1.25]])
    assert log_ratio(now, old).tolist() == [[20.0, -20.0, 0.25]]


def test_log_ratio_has_no_gradient_past_the_bound() -> None:
    now = torch.tensor([[0.0, -1.0]], requires_grad=True)
    log_ratio(now, torch.tensor([[-50.0, -1.5]])).sum().backward()
    assert now.grad is not None
    assert now.grad.tolist() == [[0.0, 1.0]]


def test_masked_mean_over_everything_and_by_row() -> None:
    values = torch.tensor([[1.0, 3.0, 100.0], [5.0, 100.0, 100.0], [7.0, 7.0, 7.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert masked_mean(values, mask).item() == pytest.approx((1 + 3 + 5) / 3)
    assert masked_mean(values, mask, dim=-1).tolist() == [2.0, 5.0, 0.0]


def test_masked_mean_of_booleans_is_a_fraction() -> None:
    values = torch.tensor([[True, False, True, True]])
    fraction = masked_mean(values, torch.tensor([[1.0, 1.0, 1.0, 0.0]]))
    assert math.isclose(fraction.item(), 2 / 3, rel_tol=1e-6)
