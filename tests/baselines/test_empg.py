import math

import loops
import pytest
import torch
from samples import random_batch

from arlarena_bench import Batch, method
from arlarena_bench.baselines.empg import next_turn


def small_batch() -> Batch:
    """Attempt 5 of two turns, listed last turn first, and attempt 6 of one."""
    return Batch(
        group=torch.tensor([1, 1, 1]),
        trajectory=torch.tensor([5, 5, 6]),
        turn=torch.tensor([1, 0, 0]),
        reward=torch.tensor([10.0, 0.0, 0.0], dtype=torch.float64),
        penalty=torch.zeros(3, dtype=torch.float64),
        anchor=["", "", ""],
        entropy=torch.tensor([[0.2, 0.4, 9.0], [0.7, 0.7, 0.7], [0.5, 9.0, 9.0]]).double(),
        mask=torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]),
    )


def test_by_hand() -> None:
    base = [10 / 3, 10 / 3, -20 / 3]
    base = [a / (10 / math.sqrt(3) + 1e-6) for a in base]
    levels = [0.0, 1.0, 0.5]  # mean entropies 0.3, 0.7, 0.5
    raw = [math.exp(-2 * level) for level in levels]
    scaled = [g / (sum(raw) / 3) * a for g, a in zip(raw, base, strict=True)]
    scaled[1] += 0.3 * math.exp(-3 * levels[0])  # only turn 0 of attempt 5 has a turn after it
    centre = sum(scaled) / 3
    adv = method("empg", k=2.0, k_f=3.0, zeta=0.3).advantages(small_batch())
    assert adv[:, 0].tolist() == pytest.approx([a - centre for a in scaled], abs=1e-7)


def test_the_last_turn_has_no_bonus() -> None:
    with_bonus = method("empg", zeta=1.0).advantages(small_batch())
    without = method("empg", zeta=0.0).advantages(small_batch())
    gain = (with_bonus - without)[:, 0]
    bonus = math.exp(0.0)
    assert gain.tolist() == pytest.approx([-bonus / 3, bonus * 2 / 3, -bonus / 3], abs=1e-7)


def test_the_mean_over_rows_is_zero() -> None:
    batch = random_batch(1)
    assert method("empg").advantages(batch)[:, 0].mean().item() == pytest.approx(0, abs=1e-12)


def test_equal_entropies_leave_the_shape_of_grpo() -> None:
    batch = small_batch()
    batch.entropy = torch.full_like(batch.entropy, 0.4)
    adv = method("empg", zeta=0.0).advantages(batch)
    assert torch.allclose(adv, method("grpo").advantages(batch), atol=1e-7)


@pytest.mark.parametrize("stats", ["turns", "trajectories"])
@pytest.mark.parametrize("seed", range(5))
def test_against_loops(seed: int, stats: str) -> None:
    batch = random_batch(seed)
    options = {"k": 1.5, "k_f": 0.5, "zeta": 0.2}
    adv = method("empg", **options, group_stats=stats).advantages(batch)
    expected = torch.tensor(loops.empg_advantage(loops.rows_of(batch), **options, stats=stats))
    assert torch.allclose(adv, expected.unsqueeze(1) * batch.mask, atol=1e-9)


def test_next_turn_follows_the_number_and_not_the_order_of_rows() -> None:
    values = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert next_turn(values, small_batch()).tolist() == [0.0, 1.0, 0.0]
