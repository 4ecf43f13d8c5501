"""Shards of a minibatch add up to the whole: losses, gradients and numbers, however it is cut."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from samples import random_batch, random_tokens
from torch import Tensor

from arlarena_bench import ArenaError, Method, Totals, aggregate, method, reduce
from arlarena_bench.installed import method_names
from arlarena_bench.objective import (
    AGGREGATIONS,
    TokenLoss,
    Wrapped,
    checked,
    combine_info,
    sampler_weights,
)

NAMES = sorted(method_names())
SEEDS = range(4)
ROWS = 13

Tokens = tuple[Tensor, Tensor, Tensor, Tensor]

OWN = '''
"""Leaves out tokens that moved far, and rows where most did."""

from dataclasses import replace

from arlarena_bench import Method, TokenLoss
from arlarena_bench.baselines.grpo import grpo
from arlarena_bench.objective import masked_mean


def far_tokens_left_out(log_probs, old_log_probs, adv, mask) -> TokenLoss:
    far = (log_probs.detach() - old_log_probs).abs() > 0.5
    lost = masked_mean(far, mask, dim=-1) > 0.6
    kept = mask * ~far * ~lost[:, None]
    info = {"far": masked_mean(far, kept), "near": masked_mean(~far, kept), "lost": lost.sum()}
    return TokenLoss(-adv * log_probs, kept, info)


def method() -> Method:
    return replace(grpo(), loss=far_tokens_left_out)
'''


def awkward(seed: int, cut: Sequence[int] = ()) -> Tokens:
    """Random tokens with an empty row, and more rows emptied by `cut`."""
    log_probs, old, adv, mask = random_tokens(seed, rows=ROWS)
    mask = mask.clone()
    mask[list(cut)] = 0
    return log_probs, old, adv * mask, mask


def shards(seed: int) -> list[Tensor]:
    """The rows in random order, cut at random places: some shards hold one row, some none."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(ROWS, generator=generator)
    cuts = torch.randint(0, ROWS + 1, (4,), generator=generator).sort().values
    return list(order.tensor_split(cuts.tolist()))


def in_shards(mine: Method | Wrapped, tokens: Tokens, seed: int) -> tuple[float, Tensor, dict]:
    """Loss, gradient and numbers of a minibatch whose shards never meet but in their totals."""
    log_probs, *others = tokens
    log_probs = log_probs.clone().requires_grad_()
    parts = [(log_probs[rows], *(other[rows] for other in others)) for rows in shards(seed)]
    with torch.no_grad():
        totals = sum((Totals.of(mine.token_loss(*part).mask) for part in parts), Totals())
    loss, results = 0.0, []
    for part in parts:
        results.append(mine.token_loss(*part))
        share = reduce(results[-1].values, results[-1].mask, mine.aggregation, totals)
        share.backward(retain_graph=True)
        loss += share.item()
    assert log_probs.grad is not None
    return loss, log_probs.grad, combine_info(results)


def check(mine: Method | Wrapped, tokens: Tokens, seed: int) -> None:
    log_probs = tokens[0].clone().requires_grad_()
    whole, info = mine.policy_loss(log_probs, *tokens[1:])
    whole.backward()
    loss, gradient, numbers = in_shards(mine, tokens, seed)
    assert loss == pytest.approx(whole.item(), rel=1e-12, abs=1e-14)
    assert torch.allclose(gradient, log_probs.grad, rtol=1e-12, atol=1e-14)
    assert numbers == pytest.approx(info, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("mode", AGGREGATIONS)
@pytest.mark.parametrize("name", NAMES)
def test_shards_add_up_to_the_whole(name: str, mode: str) -> None:
    mine = method(name, aggregation=mode)
    for seed in SEEDS:
        check(mine, awkward(seed), seed)
        check(mine, awkward(seed, cut=range(seed, ROWS, 2)), seed)


@pytest.mark.parametrize("mode", AGGREGATIONS)
def test_so_do_those_of_a_users_file_that_leaves_tokens_out(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(OWN, encoding="utf-8")
    mine = method(str(path), aggregation=mode)
    log_probs, *others = awkward(1)
    result = mine.token_loss(log_probs, *others)
    assert 0 < result.info["lost"] < (others[2].sum(1) > 0).sum()
    assert 0 < result.mask.sum() < others[2].sum()
    for seed in SEEDS:
        check(mine, awkward(seed), seed)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_counts_gives_zero_in_shards_too(name: str) -> None:
    loss, gradient, numbers = in_shards(method(name), awkward(0, cut=range(ROWS)), 0)
    assert loss == 0
    assert not gradient.any()
    assert set(numbers.values()) == {0.0}


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("_sm")])
def test_totals_are_those_of_what_the_loss_kept(name: str) -> None:
    mine, tokens = method(name), awkward(0)
    result = mine.token_loss(*tokens)
    assert not mine.keeps_mask
    assert 0 < Totals.of(result.mask).tokens < Totals.of(tokens[3]).tokens
    wrong = reduce(result.values, result.mask, mine.aggregation, Totals.of(tokens[3]))
    assert abs(wrong.item() / mine.policy_loss(*tokens)[0].item()) < 0.95


def test_all_but_the_sequence_masks_say_that_they_keep_every_token() -> None:
    assert [name for name in NAMES if not method(name).keeps_mask] == [
        "cispo_sm",
        "grpo_sm",
        "sapo_sm",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_policy_loss_is_the_composition(name: str) -> None:
    mine, tokens = method(name), awkward(2)
    result = mine.token_loss(*tokens)
    loss, info = mine.policy_loss(*tokens)
    assert loss.item() == aggregate(result.values, result.mask, mine.aggregation).item()
    assert info == combine_info([result])
    assert result.values.shape == result.mask.shape == tokens[0].shape
    assert not result.values[result.mask == 0].any()
    assert not result.mask[tokens[3] == 0].any()


def test_totals_of_shards_add_up_and_take_the_greatest_length() -> None:
    mask = awkward(3)[3]
    whole = Totals.of(mask)
    assert whole == Totals(int(mask.sum()), ROWS, ROWS - 1, 5)
    assert sum((Totals.of(mask[rows]) for rows in shards(3)), Totals()) == whole
    assert Totals.of(mask[:2, :3]) + Totals.of(mask[2:]) == Totals.of(
        torch.cat([torch.nn.functional.pad(mask[:2, :3], (0, 2)), mask[2:]])
    )


@pytest.mark.parametrize("mode", AGGREGATIONS)
def test_a_shard_may_be_padded_less_than_the_whole(mode: str) -> None:
    values, _, _, mask = random_tokens(5)
    mask[:4, 3:] = 0
    totals = Totals.of(mask)
    short = reduce(values[:4, :3], mask[:4, :3], mode, totals)
    rest = reduce(values[4:], mask[4:], mode, totals)
    assert (short + rest).item() == pytest.approx(aggregate(values, mask, mode).item(), rel=1e-12)


def test_what_cannot_be_reduced_is_one_line() -> None:
    values, _, _, mask = random_tokens(0)
    with pytest.raises(ArenaError, match="unknown aggregation 'tokens'"):
        reduce(values, mask, "tokens", Totals.of(mask))
    with pytest.raises(ArenaError, match=r"one shape .* got \(12, 5\) and \(12, 4\)"):
        reduce(values, mask[:, 1:], "token-mean", Totals.of(mask))
    with pytest.raises(ArenaError, match=r"reduce needs Totals\.of\(mask\), got Tensor"):
        reduce(values, mask, "token-mean", mask)  # type: ignore[arg-type]
    with pytest.raises(ArenaError, match=r"Totals need a mask \(rows, tokens\), got \(12,\)"):
        Totals.of(mask[:, 0])


def test_counts_add_up_and_means_weigh_by_tokens() -> None:
    def part(tokens: int, **info: Tensor | float) -> TokenLoss:
        return TokenLoss(torch.zeros(1, 4), (torch.arange(4) < tokens).float()[None], info)

    parts = [
        part(3, mean=0.5, count=2, seen=torch.tensor(True), first=torch.tensor(4.0)),
        part(1, mean=torch.tensor(1.0), count=torch.tensor(5), seen=torch.tensor(False)),
        part(0, mean=float("nan"), count=1, seen=torch.tensor(False)),
    ]
    assert combine_info(parts) == {"mean": 0.625, "count": 8.0, "seen": 0.75, "first": 4.0}
    assert combine_info([part(0, mean=0.25)]) == {"mean": 0.25}
    assert combine_info([part(2)]) == {}


class Halved:
    """No Method: half of REINFORCE, on every second token."""

    aggregation = "seq-mean-token-sum"

    def advantages(self, batch):
        return batch.episode_return()

    def token_loss(self, log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
        kept = mask * (torch.arange(mask.shape[1]) % 2 == 0)
        return TokenLoss(-adv * log_probs / 2, kept, {"tokens": kept.sum().long()})

    def filter(self, groups: list) -> list:
        return groups


def test_an_object_may_have_token_loss_in_place_of_policy_loss() -> None:
    mine, tokens = checked(Halved()), awkward(0)
    assert isinstance(mine, Wrapped)
    for seed in SEEDS:
        check(mine, tokens, seed)
    log_probs, _, adv, mask = tokens
    expected = -(adv * log_probs * mask)[:, ::2].sum() / 2 / ROWS
    assert mine.policy_loss(*tokens)[0].item() == pytest.approx(expected.item())
    assert torch.equal(mine.advantages(random_batch(0))[:, 0], random_batch(0).episode_return())


def test_a_finished_loss_cannot_be_sharded() -> None:
    class Finished(Halved):
        keeps_mask = True

        def policy_loss(self, *tensors: Tensor) -> tuple[Tensor, dict[str, float]]:
            return tensors[0].mean(), {}

    mine = checked(Finished())
    assert not mine.keeps_mask
    assert mine.policy_loss(*awkward(0))[0].item() == awkward(0)[0].mean().item()
    with pytest.raises(ArenaError, match="Finished gives no token losses: its policy_loss is a"):
        mine.token_loss(*awkward(0))


def test_a_broken_promise_to_keep_every_token_is_named() -> None:
    def greedy(log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
        return TokenLoss(log_probs, mask * (adv > 0), {})

    greedy.keeps_mask = True  # type: ignore[attr-defined]
    with pytest.raises(ArenaError, match="greedy says keeps_mask = True, but leaves tokens out"):
        replace(method("grpo"), loss=greedy).token_loss(*awkward(0))


@pytest.mark.parametrize("position", [0, 1, 2, 3, 4])
def test_inputs_of_different_shapes_are_refused(position: int) -> None:
    tensors = [*awkward(0), awkward(0)[1]]
    tensors[position] = tensors[position][0]
    name = ("", "old_log_probs", "adv", "mask", "behaviour")[position]
    with pytest.raises(ArenaError, match=rf"token_loss's {name or 'log_probs'} has shape \(5,\)"):
        method("grpo").token_loss(*tensors)
    tensors[position] = None  # type: ignore[call-overload]
    if position != 4:
        with pytest.raises(ArenaError, match=r"token_loss's .* must be a tensor, got NoneType"):
            method("grpo").token_loss(*tensors)


@pytest.mark.parametrize(
    ("info", "message"),
    [
        (None, "info must be a dict, got NoneType"),
        ({"a": "b"}, "a must be a number, got str"),
        ({"a": [1.0, 2.0]}, r"a has shape \(2,\), expected \(\)"),
    ],
)
def test_numbers_that_are_none_are_named(info: object, message: str) -> None:
    def loss(log_probs: Tensor, old: Tensor, adv: Tensor, mask: Tensor) -> TokenLoss:
        return TokenLoss(log_probs, mask, info)  # type: ignore[arg-type]

    with pytest.raises(ArenaError, match=f"loss's {message}"):
        replace(method("grpo"), loss=loss).token_loss(*awkward(0))


@pytest.mark.parametrize("name", NAMES)
def test_a_sampler_of_its_own_weighs_each_token(name: str) -> None:
    mine, (log_probs, old, adv, mask) = method(name), awkward(1)
    behaviour = old + torch.linspace(-1, 1, old.numel(), dtype=old.dtype).reshape(old.shape)
    plain = mine.token_loss(log_probs, old, adv, mask)
    noisy = behaviour.masked_fill(mask == 0, float("nan")).requires_grad_()
    result = mine.token_loss(log_probs, old, adv, mask, noisy, tis_cap=1.5)
    weight = (old - behaviour).exp().clamp(max=1.5)
    assert torch.allclose(result.values, plain.values * weight)
    assert torch.equal(result.mask, plain.mask)
    assert not result.values.requires_grad
    same = mine.token_loss(log_probs, old, adv, mask, old)
    assert torch.equal(same.values, plain.values)


def test_weights_are_truncated_bounded_and_positive() -> None:
    old, behaviour = (
        torch.tensor([[0.0, -1.0, -3.0, -1.0]]),
        torch.tensor([[-1.0, -1.0, -1.0, -99]]),
    )
    expected = torch.tensor([[2.0, 1.0, torch.tensor(-2.0).exp(), 2.0]])
    assert torch.allclose(sampler_weights(old, behaviour), expected)
    assert sampler_weights(old, behaviour, 1e30).max().item() == pytest.approx(4.85165e8, rel=1e-4)
    for cap in (0.0, -1.0, float("nan")):
        with pytest.raises(ArenaError, match="tis_cap must be above 0"):
            method("grpo").token_loss(*awkward(0), awkward(0)[1], tis_cap=cap)


def test_a_row_means_the_same_in_whatever_shard() -> None:
    # What makes shards of whole rows enough: no loss looks at another row.
    for name in NAMES:
        tokens = awkward(3)
        whole = method(name).token_loss(*tokens)
        for row in range(ROWS):
            alone = method(name).token_loss(*(tensor[row : row + 1] for tensor in tokens))
            assert torch.allclose(alone.values[0], whole.values[row], rtol=1e-13)
            assert torch.equal(alone.mask[0], whole.mask[row])
