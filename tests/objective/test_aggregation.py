import loops
import pytest
import torch
from samples import random_tokens

from arlarena_bench import ArenaError
from arlarena_bench.objective import AGGREGATIONS, aggregate

VALUES = torch.tensor([[1.0, 2.0, 3.0], [4.0, 100.0, 100.0], [100.0, 100.0, 100.0]])
MASK = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("token-mean", (1 + 2 + 3 + 4) / 4),
        ("seq-mean-token-mean", (2 + 4) / 2),  # the empty row is dropped
        ("seq-mean-token-sum", (6 + 4 + 0) / 3),  # here it counts as a row
        ("seq-mean-token-sum-norm", (6 + 4) / 3),  # 3 tokens wide, no 1/N
        ("seq-mean-token-sum-norm-text", (6 + 4) / (3 * 3)),
    ],
)
def test_by_hand(mode: str, expected: float) -> None:
    assert aggregate(VALUES, MASK, mode).item() == pytest.approx(expected)


@pytest.mark.parametrize("mode", AGGREGATIONS)
@pytest.mark.parametrize("seed", range(3))
def test_against_loops(mode: str, seed: int) -> None:
    values, _, _, mask = random_tokens(seed)
    expected = loops.aggregate(values.tolist(), mask.tolist(), mode)
    assert aggregate(values, mask, mode).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("mode", AGGREGATIONS)
def test_an_empty_mask_gives_zero_with_a_graph(mode: str) -> None:
    values = VALUES.clone().requires_grad_()
    loss = aggregate(values, torch.zeros_like(MASK), mode)
    loss.backward()
    assert loss.item() == 0
    assert values.grad is not None
    assert not values.grad.any()


@pytest.mark.parametrize("mode", AGGREGATIONS)
def test_what_is_masked_may_be_nan(mode: str) -> None:
    values = VALUES.masked_fill(MASK == 0, float("nan")).requires_grad_()
    loss = aggregate(values, MASK, mode)
    loss.backward()
    assert loss.item() == aggregate(VALUES, MASK, mode).item()
    assert values.grad is not None
    assert values.grad.isfinite().all()


@pytest.mark.parametrize("mode", AGGREGATIONS)
@pytest.mark.parametrize("dtype", [torch.bool, torch.long, torch.float64])
def test_any_mask_dtype(mode: str, dtype: torch.dtype) -> None:
    assert aggregate(VALUES, MASK.to(dtype), mode).item() == aggregate(VALUES, MASK, mode).item()


def test_repeating_every_row_changes_only_the_sum_over_rows() -> None:
    values, mask = VALUES.repeat(2, 1), MASK.repeat(2, 1)
    for mode in AGGREGATIONS:
        times = 2 if mode == "seq-mean-token-sum-norm" else 1
        once = aggregate(VALUES, MASK, mode).item()
        assert aggregate(values, mask, mode).item() == pytest.approx(times * once)


def test_an_unknown_mode_names_the_nearest() -> None:
    with pytest.raises(
        ArenaError, match="unknown aggregation 'token_mean'; did you mean 'token-me"
    ):
        aggregate(VALUES, MASK, "token_mean")


def test_shapes_must_agree() -> None:
    with pytest.raises(ArenaError, match=r"\(3, 3\) and \(3, 2\)"):
        aggregate(VALUES, MASK[:, :2], "token-mean")
