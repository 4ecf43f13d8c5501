import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from arlarena_bench.episode import Episode, Generation, Turn
from arlarena_bench.training.diagnostics import MetricMean, rollout_metrics, update_metrics

KINDS = [
    f"kl_share/{sign}_{side}_{half}"
    for sign in ("neg", "pos")
    for side in ("below", "above")
    for half in ("lo", "hi")
]


def turn(reward: float, penalty: float = 0.0, anchor: str = "", tokens: int = 1) -> Turn:
    return Turn(
        prompt="?",
        generation=Generation("!", reply_ids=(0,) * tokens),
        command="go",
        reward=reward,
        penalty=penalty,
        format_valid=penalty == 0.0,
        action_valid=penalty == 0.0,
        anchor=anchor,
    )


def episode(*turns: Turn, success: bool = False) -> Episode:
    return Episode("task", 0, list(turns), success)


def test_a_rollout_is_counted_by_episode_turn_and_group() -> None:
    mixed = [
        episode(turn(-0.1, anchor="a", tokens=4), turn(10.0, anchor="b"), success=True),
        episode(turn(-0.1, penalty=0.1, anchor="a")),
    ]
    lost = [episode(turn(-0.1, anchor="a"), turn(-0.1, anchor="a")), episode(turn(-0.2))]
    metrics = rollout_metrics([mixed, lost])
    assert metrics == pytest.approx(
        {
            "success/train": 1 / 4,
            "reward/train": (9.9 - 0.1 - 0.2 - 0.2) / 4,
            "length/train": 6 / 4,
            "reply_tokens": 9 / 6,
            "format_valid": 5 / 6,
            "action_valid": 5 / 6,
            "turns/revisited": 1 / 6,
            "groups/zero_variance": 1 / 2,
            "groups/all_win": 0.0,
            "groups/all_fail": 1 / 2,
        }
    )


def test_format_and_action_are_told_apart() -> None:
    inadmissible = Turn("?", Generation("!"), "fly", 0.0, 0.1, True, False, "")
    metrics = rollout_metrics([[episode(inadmissible)]])
    assert (metrics["format_valid"], metrics["action_valid"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("group", "silent"),
    [
        ([episode(turn(-1.0)), episode(turn(-1.0))], True),
        # A penalty gives an all-fail group variance, even within a single episode.
        ([episode(turn(-1.0)), episode(turn(-1.0, penalty=0.1))], False),
        ([episode(turn(-0.5), turn(-0.5, penalty=0.1))], False),
        ([episode(turn(-1.0, penalty=0.1)), episode(turn(-1.0, penalty=0.1))], True),
        # Rows carry their own penalty only: two returns that differ can give equal rows.
        ([episode(turn(-0.9, penalty=0.1)), episode(turn(-1.0))], True),
        # Sums in another order differ by rounding, which is no signal.
        ([episode(*map(turn, (0.1, 0.2, 0.3))), episode(*map(turn, (0.3, 0.2, 0.1)))], True),
    ],
)
def test_zero_variance_is_what_the_advantage_sees(group: list[Episode], silent: bool) -> None:
    assert rollout_metrics([group])["groups/zero_variance"] == float(silent)


def test_all_win_groups_may_still_carry_a_signal() -> None:
    quick, slow = episode(turn(10.0), success=True), episode(turn(9.0), success=True)
    metrics = rollout_metrics([[quick, slow], [quick, quick]])
    assert metrics["groups/all_win"] == 1.0
    assert metrics["groups/all_fail"] == 0.0
    assert metrics["groups/zero_variance"] == 0.5


@pytest.mark.parametrize("groups", [[], [[episode()]]])
def test_a_rollout_of_nothing_is_zero_and_not_nan(groups: Sequence[Sequence[Episode]]) -> None:
    metrics = rollout_metrics(groups)
    assert all(math.isfinite(value) for value in metrics.values())
    assert metrics["reply_tokens"] == metrics["format_valid"] == 0.0


def test_tokens_out_of_band_are_split_by_sign_and_side() -> None:
    ratios = torch.tensor([[0.5, 1.5, 0.9, 0.25], [0.5, 2.0, 3.0, 4.0]])
    mask = torch.tensor([[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    advantages = torch.tensor([[-1.0], [2.0]]).expand(2, 4)
    old = torch.full((2, 4), -3.0)
    metrics = update_metrics(
        old + ratios.log(), old, None, advantages, torch.ones(2, 4), mask, 0.2, 1.5
    )
    logs = [math.log(w) for w in (0.5, 1.5, 0.9, 0.5, 2.0, 3.0, 4.0)]
    assert metrics == pytest.approx(
        {
            "kl_old": -sum(logs) / 7,
            "entropy": 1.0,
            "tokens/low_negative": 1 / 7,
            "tokens/high_negative": 0.0,
            "tokens/low_positive": 1 / 7,
            "tokens/high_positive": 2 / 7,
            "ratio/max": 4.0,
            "ratio/min": 0.5,
            "ratio/mean_abs_log": sum(map(abs, logs)) / 7,
        },
        abs=1e-6,
    )


def shares(
    ratios: Sequence[Sequence[float]],
    reference: Sequence[Sequence[float]],
    advantages: Sequence[float],
    entropy: Sequence[float],
    mask: Tensor | None = None,
) -> dict[str, float]:
    """Return `kl_ref` and the shares that are not 0; `reference` holds π_ref/π_θ."""
    w = torch.tensor(ratios)
    old = torch.full_like(w, -2.0)
    new = old + w.log()
    metrics = update_metrics(
        new,
        old,
        new + torch.tensor(reference).log(),
        torch.tensor(advantages)[:, None].expand_as(w),
        torch.tensor(entropy)[:, None].expand_as(w),
        torch.ones_like(w) if mask is None else mask,
    )
    assert set(KINDS) <= metrics.keys()
    return {k: v for k, v in metrics.items() if k == "kl_ref" or (k in KINDS and v)}


# k3 of a reference twice, and half, as likely as the policy; they add up to 1/2.
TWICE, HALF = 1 - math.log(2), math.log(2) - 0.5


def test_the_divergence_is_shared_among_kinds_of_rows() -> None:
    found = shares(
        ratios=[[0.5], [2.0], [1.0], [0.5]],
        reference=[[2.0], [0.5], [2.0], [2.0]],
        advantages=[-1.0, 1.0, 0.0, -1.0],
        entropy=[1.0, 2.0, 3.0, 4.0],
    )
    total = 2 * TWICE + HALF
    assert found == pytest.approx(
        {
            "kl_ref": (3 * TWICE + HALF) / 4,
            "kl_share/neg_below_lo": TWICE / total,
            "kl_share/pos_above_lo": HALF / total,
            "kl_share/neg_below_hi": TWICE / total,
        },
        abs=1e-6,
    )


def test_a_row_counts_once_however_long_it_is() -> None:
    found = shares(
        ratios=[[0.5, 0.5], [0.5, 0.5]],
        reference=[[2.0, 2.0], [2.0, 2.0]],
        advantages=[-1.0, 1.0],
        entropy=[1.0, 2.0],
        mask=torch.tensor([[1.0, 1.0], [1.0, 0.0]]),
    )
    expected = {"kl_ref": TWICE, "kl_share/neg_below_lo": 0.5, "kl_share/pos_below_hi": 0.5}
    assert found == pytest.approx(expected, abs=1e-6)


def test_the_side_of_a_row_is_its_geometric_mean_ratio() -> None:
    # 0.5 · 1.9 < 1 although the arithmetic mean exceeds 1.
    found = shares([[0.5, 1.9]], [[2.0, 2.0]], [-1.0], [1.0])
    assert found == pytest.approx({"kl_ref": TWICE, "kl_share/neg_below_hi": 1.0}, abs=1e-6)


@pytest.mark.parametrize("ratio", [1.0, 1.1])
def test_a_ratio_of_one_or_more_is_above(ratio: float) -> None:
    found = shares([[ratio]], [[2.0]], [-1.0], [1.0])
    assert found == pytest.approx({"kl_ref": TWICE, "kl_share/neg_above_hi": 1.0}, abs=1e-6)


def test_rows_without_a_token_do_not_move_the_median_entropy() -> None:
    found = shares(
        ratios=[[0.5], [0.5], [0.5], [0.5]],
        reference=[[2.0], [2.0], [2.0], [2.0]],
        advantages=[-1.0, -1.0, -1.0, -1.0],
        entropy=[1.0, 2.0, 9.0, 9.0],
        mask=torch.tensor([[1.0], [1.0], [0.0], [0.0]]),
    )
    expected = {"kl_ref": TWICE, "kl_share/neg_below_lo": 0.5, "kl_share/neg_below_hi": 0.5}
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("reference", "advantages"), [([[1.0], [1.0]], [-1.0, 1.0]), ([[2.0], [2.0]], [0.0, 0.0])]
)
def test_no_divergence_or_no_signed_row_leaves_every_share_zero(
    reference: list[list[float]], advantages: list[float]
) -> None:
    found = shares([[0.5], [2.0]], reference, advantages, [1.0, 2.0])
    assert set(found) == {"kl_ref"}


def test_what_padding_holds_does_not_count() -> None:
    def measured(padding: float) -> dict[str, float]:
        values = torch.tensor([[-1.0, -2.0, padding], [-1.5, padding, padding]])
        mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
        advantages = torch.tensor([[1.0], [-1.0]]) * torch.nan_to_num(values)
        return update_metrics(values, values - 0.3, values + 0.2, advantages, values.abs(), mask)

    assert measured(math.nan) == measured(-7.0)


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1.0, 1e4])
def test_every_metric_is_finite_and_shares_add_up(scale: float) -> None:
    generator = torch.Generator().manual_seed(0)

    def noise() -> Tensor:
        return torch.randn(170, 9, generator=generator)

    old = -noise().abs()
    mask = (noise() > 0).float()
    mask[:5] = 0
    metrics = update_metrics(
        old + scale * noise(), old, old + scale * noise(), noise(), noise().abs(), mask
    )
    assert all(math.isfinite(value) for value in metrics.values())
    # Below rounding there is no divergence to share.
    total = 0.0 if scale == 1e-6 else 1.0
    assert sum(metrics[kind] for kind in KINDS) == pytest.approx(total)


@pytest.mark.parametrize("rows", [0, 3])
def test_a_batch_without_tokens_has_ratio_one(rows: int) -> None:
    nothing = torch.zeros(rows, 2)
    metrics = update_metrics(nothing, nothing, nothing, nothing, nothing, nothing)
    assert metrics.pop("ratio/max") == metrics.pop("ratio/min") == 1.0
    assert set(metrics.values()) == {0.0}


def test_measuring_does_not_touch_the_graph() -> None:
    log_probs = torch.full((1, 1), -1.0, requires_grad=True)
    zero, one = torch.zeros(1, 1), torch.ones(1, 1)
    metrics = update_metrics(log_probs, zero, zero, zero, zero, one)
    assert metrics["kl_old"] == 1.0


def test_means_are_weighted_and_ratios_keep_their_extremes() -> None:
    mean = MetricMean()
    mean.add({"kl_old": 1.0, "ratio/max": 5.0, "ratio/min": 0.5}, weight=1)
    mean.add({"kl_old": 4.0, "ratio/max": 2.0, "ratio/min": 0.1}, weight=2)
    mean.add({"kl_old": 9.0, "ratio/max": 9.0, "ratio/min": 0.0}, weight=0)
    assert mean.result() == {"kl_old": 3.0, "ratio/max": 5.0, "ratio/min": 0.1}
    assert list(mean.result()) == ["kl_old", "ratio/max", "ratio/min"]


def test_a_metric_is_averaged_over_the_dictionaries_that_have_it() -> None:
    mean = MetricMean()
    mean.add({"a": 1.0}, weight=3)
    mean.add({"a": 5.0, "b": 2.0}, weight=1)
    assert mean.result() == {"a": 2.0, "b": 2.0}


def test_one_skipped_minibatch_does_not_hide_the_others() -> None:
    mean = MetricMean()
    mean.add({"grad_norm": math.inf, "ratio/max": math.inf, "loss": math.nan})
    mean.add({"grad_norm": 2.0, "ratio/max": 3.0, "loss": math.nan})
    result = mean.result()
    assert (result["grad_norm"], result["ratio/max"]) == (2.0, 3.0)
    assert math.isnan(result["loss"])


def test_no_minibatch_gives_no_metric() -> None:
    assert MetricMean().result() == {}
