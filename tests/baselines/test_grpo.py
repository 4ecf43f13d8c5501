import math

import loops
import pytest
import torch
from samples import random_batch, random_tokens
from torch import Tensor

from arlarena_bench import ArenaError, Batch, method
from arlarena_bench.baselines.grpo import renumber, statistics


def batch_of(rows: list[tuple[int, int, int, float, float]], tokens: int = 2) -> Batch:
    group, trajectory, turn, reward, penalty = map(list, zip(*rows, strict=True))
    return Batch(
        group=torch.tensor(group),
        trajectory=torch.tensor(trajectory),
        turn=torch.tensor(turn),
        reward=torch.tensor(reward, dtype=torch.float64),
        penalty=torch.tensor(penalty, dtype=torch.float64),
        anchor=["same"] * len(rows),
        entropy=torch.zeros(len(rows), tokens),
        mask=torch.ones(len(rows), tokens),
    )


# Trajectory 5 returns 10 in one turn, trajectory 6 returns 0 in two, one of them penalised.
TWO_ATTEMPTS = [(1, 5, 0, 10.0, 0.0), (1, 6, 0, 0.0, 0.1), (1, 6, 1, 0.0, 0.0)]


def test_each_turn_counts_once_in_the_statistics() -> None:
    scores = [10.0, -0.1, 0.0]
    mean = 9.9 / 3
    std = math.sqrt(sum((s - mean) ** 2 for s in scores) / 2)
    adv = method("grpo").advantages(batch_of(TWO_ATTEMPTS))
    expected = [(s - mean) / (std + 1e-6) for s in scores]
    assert adv[:, 0].tolist() == pytest.approx(expected, abs=1e-9)
    assert torch.equal(adv[:, 0], adv[:, 1])


def test_each_trajectory_counts_once_if_asked() -> None:
    # Trajectory means 10 and -0.05, but each row keeps its own score.
    mean, std = (10 - 0.05) / 2, (10 + 0.05) / math.sqrt(2)
    expected = [(s - mean) / (std + 1e-6) for s in (10.0, -0.1, 0.0)]
    adv = method("grpo", group_stats="trajectories").advantages(batch_of(TWO_ATTEMPTS))
    assert adv[:, 0].tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("stats", ["turns", "trajectories"])
def test_a_lone_row_keeps_its_score(stats: str) -> None:
    adv = method("grpo", group_stats=stats).advantages(batch_of([(1, 5, 0, 3.0, 0.5)]))
    assert adv[0].tolist() == pytest.approx([2.5 / (1 + 1e-6)] * 2, abs=1e-12)


def test_a_penalty_stays_with_its_own_row() -> None:
    rows = [(1, 5, 0, 1.0, 0.0), (1, 5, 1, 1.0, 0.1), (1, 6, 0, 2.0, 0.0)]
    adv = method("grpo").advantages(batch_of(rows))[:, 0]
    assert adv[0] == adv[2]
    assert adv[1] < adv[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_tie_is_exactly_zero(dtype: torch.dtype) -> None:
    # The same rewards in other orders: their float32 sums differ, and 1e-6 would not hide that.
    rewards = [(-0.1, 0.9, -1.1, 10.9), (10.9, -1.1, 0.9, -0.1), (0.9, -0.1, 10.9, -1.1)]
    rows = [(1, i, t, r, 0.0) for i, order in enumerate(rewards) for t, r in enumerate(order)]
    batch = batch_of(rows * 1)
    batch.reward, batch.penalty = batch.reward.to(dtype), batch.penalty.to(dtype)
    adv = method("grpo").advantages(batch)
    assert adv.abs().max() < 1e-6
    same = batch_of([(1, i, 0, 9.3, 0.0) for i in range(301)])
    same.reward = same.reward.to(dtype)
    assert not method("grpo").advantages(same).any()


@pytest.mark.parametrize("stats", ["turns", "trajectories"])
@pytest.mark.parametrize("seed", range(5))
def test_advantage_against_loops(seed: int, stats: str) -> None:
    batch = random_batch(seed)
    adv = method("grpo", group_stats=stats).advantages(batch)
    expected = torch.tensor(loops.grpo_advantage(loops.rows_of(batch), stats))
    assert torch.allclose(adv, expected.unsqueeze(1) * batch.mask, atol=1e-9)


def one_token(ratio: float, adv: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    old = torch.tensor([[-1.0]], dtype=torch.float64)
    return old + math.log(ratio), old, torch.full_like(old, adv), torch.ones_like(old)


@pytest.mark.parametrize(
    ("ratio", "adv", "loss", "clipped", "dual"),
    [
        (1.1, 2.0, -2.2, 0, 0),
        (1.5, 2.0, -2.4, 1, 0),  # held at 1 + 0.2
        (0.5, 2.0, -1.0, 0, 0),  # below the range a positive advantage is not clipped
        (0.5, -2.0, 1.6, 1, 0),  # held at 1 - 0.2
        (1.5, -2.0, 3.0, 0, 0),
        (5.0, -2.0, 6.0, 0, 1),  # held at 3 by the dual clip
        (5.0, 2.0, -2.4, 1, 0),
        (5.0, 0.0, 0.0, 0, 0),
    ],
)
def test_loss_by_hand(ratio: float, adv: float, loss: float, clipped: int, dual: int) -> None:
    value, info = method("grpo").policy_loss(*one_token(ratio, adv))
    assert value.item() == pytest.approx(loss)
    assert info == {"clip_fraction": clipped, "dual_clip_fraction": dual}


def test_without_the_dual_clip_the_loss_is_the_papers() -> None:
    value, info = method("grpo", dual_clip=None).policy_loss(*one_token(5.0, -2.0))
    assert value.item() == pytest.approx(10.0)
    assert info == {"clip_fraction": 0}


def test_log_ratios_end_at_twenty() -> None:
    value, _ = method("grpo", dual_clip=None).policy_loss(*one_token(math.exp(30), -1.0))
    assert value.item() == pytest.approx(math.exp(20))


def test_the_two_clip_bounds_are_told_apart() -> None:
    wide = method("grpo", clip_low=0.4, clip_high=0.3)
    assert wide.policy_loss(*one_token(0.5, -1.0))[0].item() == pytest.approx(0.6)
    assert wide.policy_loss(*one_token(1.5, 1.0))[0].item() == pytest.approx(-1.3)


def test_grpo_st_averages_by_sequence() -> None:
    log_probs = torch.zeros(2, 3)
    adv = torch.tensor([[3.0, 0.0, 0.0], [-1.0, -1.0, -1.0]])
    mask = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    tokens = (log_probs, log_probs, adv, mask)
    assert method("grpo").policy_loss(*tokens)[0].item() == pytest.approx((-3 + 3) / 4)
    assert method("grpo_st").policy_loss(*tokens)[0].item() == pytest.approx((-3 + 1) / 2)


def test_the_sequence_mask_by_hand() -> None:
    # Mean log(old / now): 0.004, 0.002, 0.004 and -0.5; δ is 0.003.
    drift = torch.tensor([[0.008, 0.0], [0.002, 0.002], [0.004, 0.004], [-0.5, -0.5]])
    old = torch.full((4, 2), -1.0)
    adv = torch.tensor([[-1.0], [-1.0], [1.0], [-1.0]]).expand(4, 2)
    mask = torch.ones(4, 2)
    loss, info = method("grpo_sm").policy_loss(old - drift, old, adv, mask)
    assert info["masked_rows"] == 1
    # Row 0 is gone from numerator and denominator; row 3 pays its ratio e^0.5.
    expected = (2 * math.exp(-0.002) - 2 * math.exp(-0.004) + 2 * math.exp(0.5)) / 6
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    assert info["clip_fraction"] == 0
    loose = method("grpo_sm", delta=0.005).policy_loss(old - drift, old, adv, mask)
    assert loose[1]["masked_rows"] == 0


def test_the_sequence_mask_reads_the_unbounded_log_ratio() -> None:
    # Bounded at ±20 the mean would be (-20 + 20 + 0.3) / 3 > δ; unbounded it is negative.
    old = torch.tensor([[-1.0, -1.0, -1.0]])
    log_probs = old + torch.tensor([[40.0, -20.0, -0.3]])
    tokens = (log_probs, old, torch.full((1, 3), -1.0), torch.ones(1, 3))
    assert method("grpo_sm").policy_loss(*tokens)[1]["masked_rows"] == 0


def test_a_row_without_tokens_is_not_counted_as_masked() -> None:
    old = torch.full((2, 2), -1.0)
    mask = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    info = method("grpo_sm").policy_loss(old - 1, old, -torch.ones(2, 2), mask)[1]
    assert info["masked_rows"] == 1


def test_when_every_row_is_masked_the_loss_is_zero_with_a_graph() -> None:
    old = torch.full((2, 2), -1.0)
    log_probs = (old - 1).requires_grad_()
    loss, info = method("grpo_sm").policy_loss(log_probs, old, -torch.ones(2, 2), torch.ones(2, 2))
    loss.backward()
    assert loss.item() == 0
    assert info == {"clip_fraction": 0, "dual_clip_fraction": 0, "masked_rows": 2}
    assert log_probs.grad is not None
    assert not log_probs.grad.any()


def test_every_group_is_kept() -> None:
    groups = [[1.0, 1.0], [0.0, 1.0], []]
    kept = method("grpo").filter(groups)
    assert kept == groups
    assert all(one is other for one, other in zip(kept, groups, strict=True))


def test_group_statistics() -> None:
    values = torch.tensor([1.0, 5.0, 2.0, 4.0], dtype=torch.float64)
    mean, std, size = statistics(values, torch.tensor([0, 1, 0, 0]))
    assert mean.tolist() == pytest.approx([7 / 3, 5.0])
    assert std.tolist() == pytest.approx([math.sqrt(7 / 3), 0.0])
    assert size.tolist() == [3, 1]


def test_renumbering_keeps_the_order_of_numbers() -> None:
    assert renumber(torch.tensor([70, -3, 70, 12])).tolist() == [2, 0, 2, 1]


@pytest.mark.parametrize("dual_clip", [1.0, 0.5, "3"])
def test_a_dual_clip_must_exceed_one(dual_clip: object) -> None:
    with pytest.raises(ArenaError, match="dual_clip"):
        method("grpo", dual_clip=dual_clip)


def test_a_random_loss_has_all_its_branches() -> None:
    info = method("grpo_sm").policy_loss(*random_tokens(0))[1]
    assert 0 < info["clip_fraction"] < 1
    assert 0 < info["dual_clip_fraction"] < 1
    assert 0 < info["masked_rows"] < 12
