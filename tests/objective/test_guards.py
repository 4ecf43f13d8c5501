import pytest
import torch
from samples import random_batch

from arlarena_bench import ArenaError
from arlarena_bench.objective.guards import (
    blaming,
    check_finite,
    check_shape,
    checked_advantages,
    name_of,
    to_floats,
)

BATCH = random_batch(0)
ROWS, TOKENS = BATCH.mask.shape


def test_row_advantages_are_spread_over_the_mask() -> None:
    adv = checked_advantages(lambda _: torch.arange(ROWS), BATCH, "mine")
    assert torch.equal(adv, torch.arange(ROWS).unsqueeze(1) * BATCH.mask)
    assert adv.dtype == BATCH.reward.dtype


def test_token_advantages_are_kept_masked_and_detached() -> None:
    own = torch.rand(ROWS, TOKENS, dtype=torch.float64).requires_grad_()
    adv = checked_advantages(lambda _: own, BATCH, "mine")
    assert not adv.requires_grad
    assert torch.equal(adv, own.detach() * BATCH.mask)


def test_integer_rewards_give_floating_advantages() -> None:
    batch = random_batch(0)
    batch.reward = batch.reward.long()
    assert checked_advantages(lambda _: torch.ones(ROWS), batch, "mine").dtype == torch.float32


def test_nan_outside_the_mask_is_dropped() -> None:
    own = torch.zeros(ROWS, TOKENS).masked_fill(BATCH.mask == 0, float("nan"))
    assert not checked_advantages(lambda _: own, BATCH, "mine").any()


@pytest.mark.parametrize("shape", [(), (1,), (ROWS, 1), (ROWS, TOKENS, 1), (TOKENS, ROWS)])
def test_a_wrong_shape_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ArenaError) as error:
        checked_advantages(lambda _: torch.zeros(shape), BATCH, "mine")
    assert str(error.value) == f"mine returned {shape}, expected ({ROWS},) or ({ROWS}, {TOKENS})"


def test_no_tensor_at_all_is_named() -> None:
    with pytest.raises(ArenaError, match=r"mine returned list, expected"):
        checked_advantages(lambda _: [1.0] * ROWS, BATCH, "mine")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_broken_row_is_counted(value: float) -> None:
    own = torch.zeros(ROWS)
    own[[1, 3]] = value
    with pytest.raises(ArenaError, match=rf"mine returned \({ROWS},\) with NaN or inf.* in 2 rows"):
        checked_advantages(lambda _: own, BATCH, "mine")


def test_shape_check() -> None:
    check_shape("it", torch.zeros(2, 3), torch.ones(2, 3))
    with pytest.raises(ArenaError, match=r"it has shape \(2,\), expected .* = \(2, 3\)"):
        check_shape("it", torch.zeros(2), torch.ones(2, 3))
    with pytest.raises(ArenaError, match=r"it has shape \(2,\), expected \(rows, tokens\)"):
        check_shape("it", torch.zeros(2), torch.ones(2))
    with pytest.raises(ArenaError, match="it must be a tensor, got NoneType"):
        check_shape("it", None, torch.ones(2, 3))


def test_only_finite_inputs_put_the_blame_on_the_author() -> None:
    check_finite("mine", 1.0, torch.ones(1))
    check_finite("mine", float("nan"), torch.ones(1), torch.tensor([float("nan")]))
    with pytest.raises(ArenaError, match=r"mine made NaN or infinity .* shape \(2, 1\)"):
        check_finite("mine", float("inf"), torch.ones(2, 1))


def test_numbers_are_plain_floats() -> None:
    info = {"a": torch.tensor(3), "b": 0.25, "c": torch.tensor(True)}
    numbers = to_floats("mine", torch.tensor(0.5, requires_grad=True), info)
    assert numbers == [0.5, 3.0, 0.25, 1.0]
    assert all(type(number) is float for number in numbers)
    with pytest.raises(ArenaError, match=r"mine's a has shape \(2,\), expected \(\)"):
        to_floats("mine", torch.tensor(0.5), {"a": torch.ones(2)})


def test_functions_and_objects_have_names() -> None:
    assert name_of(check_shape) == "check_shape"
    assert name_of(BATCH) == "Batch"


def test_what_a_users_function_raises_is_one_line_with_its_place() -> None:
    message = r"mine raised ZeroDivisionError: .*test_guards.py:\d+"
    with pytest.raises(ArenaError, match=message), blaming("mine"):
        divmod(1, 0)
    with pytest.raises(ArenaError, match=r"^as it is$"), blaming("mine"):
        raise ArenaError("as it is")
