from typing import Any

import pytest
import torch
from samples import random_batch, random_tokens
from torch import Tensor

from arlarena_bench import ArenaError, Batch, method
from arlarena_bench.objective import Wrapped, checked


class Mine:
    """REINFORCE, written without any of our classes."""

    def advantages(self, batch: Batch) -> Tensor:
        return batch.episode_return() - batch.episode_return().mean()

    def policy_loss(
        self, log_probs: Tensor, old_log_probs: Tensor, adv: Tensor, mask: Tensor
    ) -> tuple[Tensor, dict[str, Any]]:
        return -(adv * log_probs * mask).sum() / mask.sum(), {"tokens": mask.sum()}

    def filter(self, groups: list[Any]) -> list[Any]:
        return [group for group in groups if len(group) > 1]


def test_any_object_with_the_three_parts_will_do() -> None:
    mine = checked(Mine())
    assert isinstance(mine, Wrapped)
    batch = random_batch(0)
    adv = mine.advantages(batch)
    assert adv.shape == batch.mask.shape
    assert not adv[batch.mask == 0].any()
    log_probs, old, adv, mask = random_tokens(0)
    loss, info = mine.policy_loss(log_probs, old, adv, mask)
    assert loss.item() == pytest.approx(-(adv * log_probs)[mask > 0].mean().item())
    assert info == {"tokens": mask.sum().item()}
    assert mine.filter([[1.0], [1.0, 2.0]]) == [[1.0, 2.0]]


def test_a_method_is_left_alone() -> None:
    grpo = method("grpo")
    assert checked(grpo) is grpo


def test_it_has_no_options() -> None:
    mine = checked(Mine())
    assert mine.options() == {}
    assert mine.with_options() is mine
    with pytest.raises(ArenaError, match="unknown option of Mine 'clip_low'"):
        mine.with_options(clip_low=0.1)


def test_missing_parts_are_named() -> None:
    class Half:
        def advantages(self, batch: Batch) -> Tensor:
            return batch.reward

    with pytest.raises(ArenaError, match="Half is no method: it has no policy_loss and no filter"):
        checked(Half())


class Broken(Mine):
    def __init__(self, result: object) -> None:
        self.result = result

    def advantages(self, batch: Batch) -> Any:
        return self.result

    def policy_loss(self, *tensors: Tensor) -> Any:
        return self.result

    def filter(self, groups: list[Any]) -> Any:
        return self.result


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (torch.tensor(1.0), r"Broken\.policy_loss must return \(loss, info\), got Tensor"),
        ((torch.ones(2), {}), r"Broken\.policy_loss returned a loss of \(2,\), expected a scalar"),
        ((1.0, {}), r"Broken\.policy_loss returned a loss of float, expected a scalar"),
        ((torch.tensor(float("nan")), {}), r"Broken\.policy_loss made NaN .* of shape \(12, 5\)"),
    ],
)
def test_a_broken_loss_is_named(result: object, message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        checked(Broken(result)).policy_loss(*random_tokens(0))


def test_broken_advantages_and_filter_are_named() -> None:
    with pytest.raises(ArenaError, match=r"Broken\.advantages returned \(2,\), expected"):
        checked(Broken(torch.ones(2))).advantages(random_batch(0))
    with pytest.raises(ArenaError, match=r"Broken\.filter must return a list of groups, got NoneT"):
        checked(Broken(None)).filter([[1.0]])


def test_inputs_of_different_shapes_are_refused() -> None:
    log_probs, old, adv, mask = random_tokens(0)
    with pytest.raises(ArenaError, match=r"policy_loss's adv has shape \(12, 4\)"):
        checked(Mine()).policy_loss(log_probs, old, adv[:, 1:], mask)
