"""What holds for all thirteen: options, gradients, and what must not matter."""

import loops
import pytest
import torch
from samples import random_batch, random_tokens, shuffled
from torch import Tensor

from arlarena_bench import ArenaError, Method, method
from arlarena_bench.installed import method_names

RATIO = {"clip_low", "clip_high"}
BASE = {"group_stats", "aggregation"}
HARD = BASE | RATIO | {"dual_clip"}
GATE = BASE | RATIO | {"tau_pos", "tau_neg"}
STEP = {"gamma", "step_weight"}
OWNED = {
    "grpo": HARD,
    "grpo_st": HARD,
    "grpo_sm": HARD | {"delta"},
    "gspo": BASE | RATIO,
    "cispo": BASE | RATIO,
    "cispo_sm": BASE | RATIO | {"delta"},
    "sapo": GATE,
    "sapo_sm": GATE | {"delta"},
    "gigpo": HARD | STEP,
    "empg": HARD | {"k", "k_f", "zeta"},
    "dapo_grpo": HARD | {"filter_on"},
    "dapo_gigpo": HARD | STEP | {"filter_on"},
    "sampo": BASE | RATIO | STEP | {"filter_on"},
}
NAMES = sorted(OWNED)
OTHER_VALUES: dict[str, object] = {
    "clip_low": 0.1,
    "clip_high": 0.3,
    "dual_clip": None,
    "tau_pos": 2.0,
    "tau_neg": 3.0,
    "delta": 0.05,
    "gamma": 0.9,
    "step_weight": 0.5,
    "k": 2.0,
    "k_f": 0.5,
    "zeta": 0.1,
    "aggregation": "seq-mean-token-sum",
    "group_stats": "trajectories",
    "filter_on": "success",
}
TABLE_S1 = {
    "grpo": {"clip_low": 0.2, "clip_high": 0.2, "dual_clip": 3.0, "aggregation": "token-mean"},
    "grpo_st": {"aggregation": "seq-mean-token-mean"},
    "grpo_sm": {"delta": 3e-3, "aggregation": "token-mean"},
    "gspo": {"clip_low": 3e-3, "clip_high": 4e-3, "aggregation": "seq-mean-token-mean"},
    "cispo": {"clip_low": 1.0, "clip_high": 0.2, "aggregation": "token-mean"},
    "cispo_sm": {"clip_low": 1.0, "clip_high": 0.2, "delta": 3e-3},
    "sapo": {"tau_pos": 1.0, "tau_neg": 1.05, "clip_low": 0.2, "clip_high": 0.2},
    "sapo_sm": {"tau_pos": 1.0, "tau_neg": 1.05, "delta": 3e-3, "aggregation": "token-mean"},
    "gigpo": {"gamma": 0.95, "step_weight": 1.0, "clip_low": 0.2, "clip_high": 0.2},
    "empg": {"k": 1.0, "k_f": 1.0, "zeta": 0.05, "clip_low": 0.2, "clip_high": 0.2},
    "dapo_grpo": {"clip_low": 0.2, "clip_high": 0.2, "filter_on": "returns"},
    "dapo_gigpo": {"clip_low": 0.2, "clip_high": 0.2, "gamma": 0.95, "step_weight": 1.0},
    "sampo": {
        "clip_low": 3e-3,
        "clip_high": 4e-3,
        "gamma": 0.95,
        "step_weight": 1.0,
        "aggregation": "seq-mean-token-mean",
        "filter_on": "returns",
    },
}


def test_all_thirteen_are_installed() -> None:
    assert set(NAMES) <= set(method_names())


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_those_of_table_s1(name: str) -> None:
    options = method(name).options()
    assert TABLE_S1[name].items() <= options.items()
    assert options["group_stats"] == "turns"


@pytest.mark.parametrize("option", sorted(OTHER_VALUES))
@pytest.mark.parametrize("name", NAMES)
def test_an_option_is_taken_by_its_owners_and_refused_by_the_rest(name: str, option: str) -> None:
    value = OTHER_VALUES[option]
    if option in OWNED[name]:
        changed = method(name, **{option: value})
        assert changed.options() == method(name).options() | {option: value}
        assert changed != method(name)
    else:
        with pytest.raises(ArenaError, match=f"unknown method option '{option}'"):
            method(name, **{option: value})


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_option_names_the_nearest(name: str) -> None:
    with pytest.raises(ArenaError, match="'clip_hihg'; did you mean 'clip_high'"):
        method(name, clip_hihg=0.3)


def sensitive(name: str) -> tuple[Method, tuple[Tensor, Tensor, Tensor, Tensor]]:
    """A method and a point at which its options and all its branches matter."""
    return method(name), random_tokens(NAMES.index(name))


@pytest.mark.parametrize("mode", ["default", "seq-mean-token-sum"])
@pytest.mark.parametrize("name", NAMES)
def test_loss_against_loops(name: str, mode: str) -> None:
    mine, tokens = sensitive(name)
    if mode != "default":
        mine = mine.with_options(aggregation=mode)
    options = mine.options()
    lists = [tensor.tolist() for tensor in tokens]
    expected = loops.policy_loss(name, *lists, options, options["aggregation"])
    assert mine.policy_loss(*tokens)[0].item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_against_finite_differences(name: str) -> None:
    mine, (log_probs, old, adv, mask) = sensitive(name)
    mine.policy_loss(log_probs.requires_grad_(), old, adv, mask)[0].backward()
    options, step = mine.options(), 1e-6
    frozen, *rest = [tensor.tolist() for tensor in (log_probs.detach(), old, adv, mask)]

    def loss_at(row: int, token: int, change: float) -> float:
        moved = [list(line) for line in frozen]
        moved[row][token] += change
        return loops.policy_loss(name, moved, *rest, options, options["aggregation"], frozen)

    rows, tokens = log_probs.shape
    numeric = [
        [(loss_at(i, t, step) - loss_at(i, t, -step)) / (2 * step) for t in range(tokens)]
        for i in range(rows)
    ]
    assert log_probs.grad is not None
    assert log_probs.grad.abs().max() > 1e-3
    assert torch.allclose(log_probs.grad, torch.tensor(numeric, dtype=torch.float64), atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_float32_agrees_with_float64(name: str) -> None:
    mine = method(name)
    narrow = mine.policy_loss(*random_tokens(0, torch.float32))[0]
    wide = mine.policy_loss(*random_tokens(0, torch.float64))[0]
    assert narrow.dtype == torch.float32
    assert narrow.item() == pytest.approx(wide.item(), rel=1e-5, abs=1e-6)
    narrow_adv = mine.advantages(random_batch(0, torch.float32))
    wide_adv = mine.advantages(random_batch(0, torch.float64))
    assert narrow_adv.dtype == torch.float32
    # What is left is the rounding of the rewards themselves.
    assert torch.allclose(narrow_adv.double(), wide_adv, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    mine, batch = method(name), random_batch(2)
    order = torch.randperm(len(batch.anchor), generator=torch.Generator().manual_seed(0))
    moved = mine.advantages(shuffled(batch, order))
    assert torch.allclose(moved, mine.advantages(batch)[order], atol=1e-12)
    tokens = random_tokens(2)
    order = order[order < len(tokens[0])]
    loss = mine.policy_loss(*(tensor[order] for tensor in tokens))[0]
    assert loss.item() == pytest.approx(mine.policy_loss(*tokens)[0].item(), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_of_groups_and_trajectories_are_only_names(name: str) -> None:
    mine, batch = method(name), random_batch(3)
    before = mine.advantages(batch)
    batch.group, batch.trajectory = 5000 - 3 * batch.group, 11 * batch.trajectory - 90000
    batch.anchor = [f"state {anchor}" for anchor in batch.anchor]
    assert torch.allclose(mine.advantages(batch), before, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_padding_has_no_influence(name: str) -> None:
    mine, batch = method(name), random_batch(4)
    before = mine.advantages(batch)
    assert not before[batch.mask == 0].any()
    assert before[batch.mask > 0].any()
    batch.entropy = batch.entropy.masked_fill(batch.mask == 0, float("nan"))
    assert torch.equal(mine.advantages(batch), before)

    log_probs, old, adv, mask = random_tokens(4)
    loss, info = mine.policy_loss(log_probs, old, adv, mask)
    noise = ((log_probs, float("nan")), (old, 77.0), (adv, float("inf")))
    noisy = [tensor.masked_fill(mask == 0, value) for tensor, value in noise]
    noisy[0].requires_grad_()
    again, again_info = mine.policy_loss(*noisy, mask)
    again.backward()
    assert again.item() == loss.item()
    assert again_info == info
    assert noisy[0].grad is not None
    assert not noisy[0].grad[mask == 0].any()


@pytest.mark.parametrize("name", NAMES)
def test_padding_to_a_greater_length_changes_nothing(name: str) -> None:
    mine, tokens = method(name), random_tokens(5)
    wider = [torch.nn.functional.pad(tensor, (0, 3)) for tensor in tokens]
    assert mine.policy_loss(*wider)[0].item() == pytest.approx(mine.policy_loss(*tokens)[0].item())


@pytest.mark.parametrize("name", NAMES)
def test_every_row_twice_gives_the_same_loss(name: str) -> None:
    mine, tokens = method(name), random_tokens(6)
    loss, info = mine.policy_loss(*tokens)
    twice, twice_info = mine.policy_loss(*(tensor.repeat(2, 1) for tensor in tokens))
    assert twice.item() == pytest.approx(loss.item())
    for number in info.keys() - {"masked_rows"}:
        assert twice_info[number] == pytest.approx(info[number])


@pytest.mark.parametrize("dtype", [torch.bool, torch.long, torch.float32])
@pytest.mark.parametrize("name", NAMES)
def test_any_mask_dtype(name: str, dtype: torch.dtype) -> None:
    mine, (log_probs, old, adv, mask) = sensitive(name)
    loss = mine.policy_loss(log_probs, old, adv, mask)[0]
    assert mine.policy_loss(log_probs, old, adv, mask.to(dtype))[0].item() == loss.item()
    batch = random_batch(0)
    before = mine.advantages(batch)
    batch.mask = batch.mask.to(dtype)
    assert torch.equal(mine.advantages(batch), before)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_learn_from_gives_zero_with_a_graph(name: str) -> None:
    log_probs, old, adv, mask = random_tokens(0)
    loss, info = method(name).policy_loss(log_probs.requires_grad_(), old, adv, mask * 0)
    loss.backward()
    assert loss.item() == 0
    assert set(info.values()) == {0.0}
    assert log_probs.grad is not None
    assert not log_probs.grad.any()


@pytest.mark.parametrize("name", NAMES)
def test_on_policy_the_gradient_is_that_of_reinforce(name: str) -> None:
    # Where the ratio is 1 every method's first step is the plain policy gradient.
    log_probs, _, adv, mask = random_tokens(7)
    mine = method(name, aggregation="token-mean")
    mine.policy_loss(log_probs.requires_grad_(), log_probs.detach().clone(), adv, mask)[
        0
    ].backward()
    assert log_probs.grad is not None
    assert torch.allclose(log_probs.grad, -adv * mask / mask.sum(), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_info_is_plain_floats(name: str) -> None:
    mine, tokens = sensitive(name)
    info = mine.policy_loss(*tokens)[1]
    expected = {"clip_fraction"}
    expected |= {"dual_clip_fraction"} if "dual_clip" in OWNED[name] else set()
    expected |= {"masked_rows"} if name.endswith("_sm") else set()
    assert set(info) == expected
    assert all(type(number) is float for number in info.values())
    assert info["clip_fraction"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_methods_compare_by_value(name: str) -> None:
    assert method(name) == method(name)
