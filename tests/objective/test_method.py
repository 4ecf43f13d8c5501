from collections.abc import Sequence
from dataclasses import FrozenInstanceError, dataclass

import pytest
import torch
from samples import random_batch, random_tokens
from torch import Tensor

from arlarena_bench import ArenaError, Batch, Method
from arlarena_bench.objective import Positive, TokenLoss


@dataclass(frozen=True)
class Return:
    scale: Positive = 1.0

    def __call__(self, batch: Batch) -> Tensor:
        return self.scale * batch.episode_return()


@dataclass(frozen=True)
class Plain:
    floor: float = -5.0

    def __call__(self, log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
        return TokenLoss(-adv * log_probs.clamp(min=self.floor), mask, {"tokens": mask.sum()})


def every(groups: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    return list(groups)


def method(**choices: object) -> Method:
    defaults: dict[str, object] = {
        "advantage": Return(),
        "loss": Plain(),
        "aggregation": "token-mean",
        "filter": every,
    }
    return Method(**(defaults | choices))  # type: ignore[arg-type]


def test_the_four_choices_at_work() -> None:
    mine = method()
    log_probs, old, adv, mask = random_tokens(0)
    loss, info = mine.policy_loss(log_probs.requires_grad_(), old, adv, mask)
    kept = mask > 0
    expected = -(adv * log_probs.clamp(min=-5))[kept].mean()
    assert loss.item() == pytest.approx(expected.item())
    assert info == {"tokens": float(kept.sum())}
    assert mine.filter([[1.0], [2.0]]) == [[1.0], [2.0]]
    batch = random_batch(0)
    returns = batch.episode_return().unsqueeze(1) * batch.mask
    assert torch.allclose(mine.advantages(batch), returns)


def test_options_are_the_fields_of_the_choices() -> None:
    assert method().options() == {"scale": 1.0, "floor": -5.0, "aggregation": "token-mean"}


def test_with_options_returns_another_method() -> None:
    mine = method()
    changed = mine.with_options(scale=2.0, aggregation="seq-mean-token-sum")
    assert changed == method(advantage=Return(2.0), aggregation="seq-mean-token-sum")
    assert mine == method()


def test_a_method_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        method().aggregation = "token-mean"  # type: ignore[misc]


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(ArenaError, match="unknown method option 'scael'; did you mean 'scale'"):
        method().with_options(scael=2.0)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"scale": 0.0}, r"Return\.scale=0\.0: Input should be greater than 0"),
        ({"scale": "big"}, r"Return\.scale='big': Input should be a valid number"),
        (
            {"aggregation": "tokenmean"},
            "unknown aggregation 'tokenmean'; did you mean 'token-mean'",
        ),
        ({"aggregation": 3}, "unknown aggregation '3'"),
    ],
)
def test_bad_values_are_refused(overrides: dict[str, object], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        method().with_options(**overrides)


def test_choices_are_checked_when_a_method_is_built() -> None:
    with pytest.raises(ArenaError, match=r"Return\.scale=-1: "):
        method(advantage=Return(-1))


def test_padding_may_hold_anything() -> None:
    tokens = random_tokens(1)
    mask = tokens[3]
    clean = [tensor.clone() for tensor in tokens[:3]]
    dirty = [tensor.masked_fill(mask == 0, float("nan")) for tensor in tokens[:3]]
    grads = []
    for log_probs, old, adv in (clean, dirty):
        log_probs.requires_grad_()
        loss, _ = method().policy_loss(log_probs, old, adv, mask)
        loss.backward()
        grads.append(log_probs.grad)
    assert torch.equal(grads[0], grads[1])


def test_a_loss_cannot_bring_padding_back() -> None:
    def greedy(log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
        return TokenLoss(torch.ones_like(log_probs), torch.ones_like(mask), {})

    log_probs, old, adv, mask = random_tokens(0)
    loss, _ = method(loss=greedy, aggregation="seq-mean-token-sum").policy_loss(
        log_probs, old, adv, mask
    )
    assert loss.item() == pytest.approx(mask.sum().item() / len(mask))


def test_only_log_probs_get_a_gradient() -> None:
    log_probs, old, adv, mask = random_tokens(0)
    for tensor in (log_probs, old, adv):
        tensor.requires_grad_()
    method().policy_loss(log_probs, old, adv, mask)[0].backward()
    assert log_probs.grad is not None
    assert old.grad is None
    assert adv.grad is None


@pytest.mark.parametrize("position", [1, 2, 3])
def test_inputs_of_different_shapes_are_refused(position: int) -> None:
    tensors = list(random_tokens(0))
    tensors[position] = tensors[position][:, :-1]
    name = ("", "old_log_probs", "adv", "mask")[position]
    with pytest.raises(ArenaError, match=rf"policy_loss's {name} has shape \(12, 4\), .*\(12, 5\)"):
        method().policy_loss(*tensors)


def scalar_values(log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
    return TokenLoss(log_probs.sum(), mask, {})


def narrow_mask(log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
    return TokenLoss(log_probs, mask[:, 0], {})


def nan_values(log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
    return TokenLoss((log_probs - log_probs) / 0, mask, {})


def bare_tensor(log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> Tensor:
    return log_probs


def wide_info(log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
    return TokenLoss(log_probs, mask, {"ratio": log_probs})


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (scalar_values, r"scalar_values's values has shape \(\), .*\(12, 5\)"),
        (narrow_mask, r"narrow_mask's mask has shape \(12,\), .*\(12, 5\)"),
        (nan_values, r"nan_values made NaN or infinity from finite inputs of shape \(12, 5\)"),
        (bare_tensor, r"bare_tensor must return a TokenLoss, got Tensor"),
        (wide_info, r"wide_info's ratio has shape \(12, 5\), expected \(\)"),
    ],
)
def test_a_broken_loss_is_named(loss: object, message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        method(loss=loss).policy_loss(*random_tokens(0))


def test_a_broken_advantage_is_named() -> None:
    def transposed(batch: Batch) -> Tensor:
        return batch.mask.T

    with pytest.raises(ArenaError, match="transposed returned"):
        method(advantage=transposed).advantages(random_batch(0))


def test_a_diverged_policy_gives_nan_and_no_error() -> None:
    log_probs, old, adv, mask = random_tokens(0)
    log_probs[0, 0] = float("nan")
    loss, _ = method().policy_loss(log_probs, old, adv, mask)
    assert loss.isnan()
