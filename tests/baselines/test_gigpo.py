import math

import loops
import pytest
import torch
from samples import random_batch, shuffled

from arlarena_bench import Batch, method
from arlarena_bench.baselines.gigpo import discounted_return


def small_batch() -> Batch:
    """Three attempts that start in `a`; the first then passes through `b` twice."""
    return Batch(
        group=torch.tensor([1, 1, 1, 1, 1]),
        trajectory=torch.tensor([5, 5, 5, 6, 7]),
        turn=torch.tensor([0, 1, 2, 0, 0]),
        reward=torch.tensor([0.0, 1.0, 10.0, 2.0, 7.0], dtype=torch.float64),
        penalty=torch.tensor([0.0, 0.1, 0.0, 0.0, 0.5], dtype=torch.float64),
        anchor=["a", "b", "b", "a", "a"],
        entropy=torch.zeros(5, 1),
        mask=torch.ones(5, 1),
    )


def step_part(batch: Batch, **options: float) -> list[float]:
    adv = method("gigpo", **options).advantages(batch) - method("grpo").advantages(batch)
    return adv[:, 0].tolist()


def test_discounted_returns_by_hand() -> None:
    assert discounted_return(small_batch(), 0.5).tolist() == [0 + 0.5 + 2.5, 1 + 5, 10, 2, 7]
    assert discounted_return(small_batch(), 0.0).tolist() == [0, 1, 10, 2, 7]
    assert discounted_return(small_batch(), 1.0).tolist() == [11, 11, 10, 2, 7]


def test_step_advantage_by_hand() -> None:
    # State a: 3, 2 and 7 - 0.5; state b: 6 - 0.1 and 10. Turn 0 of attempt 5 pays nothing for the
    # penalty that turn 1 earned.
    mean_a = 11.5 / 3
    std_a = math.sqrt(sum((x - mean_a) ** 2 for x in (3, 2, 6.5)) / 2)
    a = [(x - mean_a) / (std_a + 1e-6) for x in (3, 2, 6.5)]
    b = 2.05 / (4.1 / math.sqrt(2) + 1e-6)
    expected = [2 * x for x in (a[0], -b, b, a[1], a[2])]
    assert step_part(small_batch(), gamma=0.5, step_weight=2.0) == pytest.approx(expected, abs=1e-9)


def test_a_penalty_reaches_no_earlier_turn() -> None:
    before = step_part(small_batch())
    batch = small_batch()
    batch.penalty[1] = 5.0
    after = step_part(batch)
    assert [after[row] for row in (0, 3, 4)] == pytest.approx([before[row] for row in (0, 3, 4)])
    assert after[1] == pytest.approx(-before[1], rel=1e-5)  # 10.4 against 10, then 5.5


def test_a_state_seen_once_adds_nothing() -> None:
    batch = small_batch()
    batch.anchor = ["a", "b", "c", "d", "e"]
    assert torch.equal(method("gigpo").advantages(batch), method("grpo").advantages(batch))


def test_the_same_state_of_another_task_is_another_state() -> None:
    batch = small_batch()
    batch.group = torch.tensor([1, 1, 1, 2, 2])
    step = step_part(batch)
    assert step[0] == 0
    assert step[3] == -step[4] != 0


def test_anchors_are_compared_exactly() -> None:
    batch = small_batch()
    batch.anchor = ["a", "b", "b", "a ", "A"]
    assert [step_part(batch)[row] for row in (0, 3, 4)] == [0, 0, 0]


@pytest.mark.parametrize("stats", ["turns", "trajectories"])
@pytest.mark.parametrize("seed", range(5))
def test_against_loops(seed: int, stats: str) -> None:
    batch = random_batch(seed)
    adv = method("gigpo", gamma=0.8, step_weight=0.7, group_stats=stats).advantages(batch)
    expected = torch.tensor(loops.gigpo_advantage(loops.rows_of(batch), 0.8, 0.7, stats))
    assert torch.allclose(adv, expected.unsqueeze(1) * batch.mask, atol=1e-9)


def test_a_copied_row_leaves_discounted_returns_alone() -> None:
    batch = random_batch(0)
    rows = len(batch.anchor)
    copied = shuffled(batch, torch.tensor([*range(rows), 3, 3]))
    assert torch.equal(discounted_return(copied, 0.9)[:rows], discounted_return(batch, 0.9))
