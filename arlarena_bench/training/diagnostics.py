"""What a training step says of its stability: the quantities ARLArena plots, as flat floats."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import torch
from torch import Tensor

from arlarena_bench.episode import Episode
from arlarena_bench.objective.kl import kl
from arlarena_bench.objective.ratio import log_ratio, masked_mean
from arlarena_bench.objective.token_loss import sampler_weights

# The advantage divides by std + 1e-6: below that, scores differ by rounding only.
EQUAL_SCORES = 1e-6
# A mean divergence below this many nats a token is rounding in the log-probabilities.
NO_DIVERGENCE = 1e-9


def rollout_metrics(groups: Sequence[Sequence[Episode]]) -> dict[str, float]:
    """Describe all sampled groups, before any filter drops some.

    Ratios of valid replies are means over turns, as in the official code.

    Args:
        groups: Episodes that attempted the same task stand together.

    Returns:
        Metric names to values; every mean over nothing is 0.
    """
    episodes = [episode for group in groups for episode in group]
    turns = [turn for episode in episodes for turn in episode.turns]
    revisited = sum(
        len(episode.turns) - len({turn.anchor for turn in episode.turns}) for episode in episodes
    )
    return {
        "success/train": _mean(episode.success for episode in episodes),
        "reward/train": _mean(episode.total_reward for episode in episodes),
        "length/train": _mean(len(episode.turns) for episode in episodes),
        "reply_tokens": _mean(len(turn.generation.reply_ids) for turn in turns),
        "format_valid": _mean(turn.format_valid for turn in turns),
        "action_valid": _mean(turn.action_valid for turn in turns),
        "turns/revisited": revisited / max(len(turns), 1),
        "groups/zero_variance": _mean(_zero_variance(group) for group in groups),
        "groups/all_win": _mean(all(episode.success for episode in group) for group in groups),
        "groups/all_fail": _mean(not any(episode.success for episode in group) for group in groups),
    }


def _zero_variance(group: Sequence[Episode]) -> bool:
    """Whether all rows score alike, a row's score being its episode's return less its penalty."""
    scores = []
    for episode in group:
        total = episode.total_reward
        scores += [total - turn.penalty for turn in episode.turns]
    return not scores or max(scores) - min(scores) <= EQUAL_SCORES


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return math.fsum(numbers) / len(numbers) if numbers else 0.0


@torch.no_grad()
def update_metrics(
    log_probs: Tensor,
    old_log_probs: Tensor,
    ref_log_probs: Tensor | None,
    advantages: Tensor,
    entropy: Tensor,
    mask: Tensor,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
) -> dict[str, float]:
    """Describe how far one minibatch has moved from the policy that sampled it.

    Importance ratios are of single tokens, their logarithm kept in ±20 as in the official code;
    `tokens/*` are shares of the masked tokens (ARLArena, Fig. 4 a/b).

    Args:
        log_probs: (rows, tokens) under the policy being trained, nats.
        old_log_probs: (rows, tokens) under the policy that sampled, nats.
        ref_log_probs: (rows, tokens) under the reference policy; None leaves `kl_*` of it out.
        advantages: (rows, tokens).
        entropy: (rows, tokens) of the policy being trained, nats.
        mask: (rows, tokens) 1 where the policy wrote the token.
        clip_low: A ratio below 1 - clip_low is out of band.
        clip_high: A ratio above 1 + clip_high is out of band.

    Returns:
        Metric names to values, finite for finite input; all 0 and ratios 1 without a token.
    """
    written = mask > 0
    log_w = log_ratio(log_probs, old_log_probs)
    w = log_w.exp()
    inside = w[written] if written.any() else w.new_ones(1)
    low, high = w < 1 - clip_low, w > 1 + clip_high
    negative, positive = advantages < 0, advantages > 0
    values = {
        "kl_old": _written_mean(-log_w, written),
        "entropy": _written_mean(entropy, written),
        "tokens/low_negative": _written_mean(low & negative, written),
        "tokens/high_negative": _written_mean(high & negative, written),
        "tokens/low_positive": _written_mean(low & positive, written),
        "tokens/high_positive": _written_mean(high & positive, written),
        "ratio/max": inside.max(),
        "ratio/min": inside.min(),
        "ratio/mean_abs_log": _written_mean(log_w.abs(), written),
    }
    if ref_log_probs is not None:
        # In single precision k3 rounds below 0 while the policy is still near the reference.
        divergence = kl(log_probs.double(), ref_log_probs.double())
        values["kl_ref"] = _written_mean(divergence, written)
        values |= _kl_shares(divergence, log_w, advantages, entropy, written)
    # One transfer from the device, not one a metric.
    numbers = torch.stack([value.double() for value in values.values()]).tolist()
    return dict(zip(values, numbers, strict=True))


@torch.no_grad()
def sampler_metrics(
    old_log_probs: Tensor, behaviour: Tensor, mask: Tensor, tis_cap: float
) -> dict[str, float]:
    """Describe how far what sampled a rollout is from the trainer's policy before the update.

    With w = π_old / π_behaviour of a token, its logarithm kept in ±20: all divergences are 0 and
    the rest 1 where the two are one engine, up to its rounding.

    Args:
        old_log_probs: (rows, tokens) under the trainer's policy, nats.
        behaviour: (rows, tokens) under what sampled, nats.
        mask: (rows, tokens) 1 where the policy wrote the token.
        tis_cap: Largest weight of truncated importance sampling; infinite where there is none.

    Returns:
        `sampler/kl` (k3 estimate of KL(π_behaviour ‖ π_old)), `sampler/gap_max` (largest |log w|,
        nats), `sampler/chi2` (mean w² less 1), `sampler/ess` (effective sample size of the
        truncated weights, as a share of the tokens), `sampler/truncated` (share of tokens whose
        weight is cut), `sampler/ratio_max`.
    """
    written = mask > 0
    # In single precision k3 and chi² round to either side of 0 where the engines agree.
    old, behaviour = (
        tensor[written].double() if written.any() else tensor.new_zeros(1, dtype=torch.double)
        for tensor in (old_log_probs, behaviour)
    )
    ratio = log_ratio(old, behaviour).exp()
    weight = sampler_weights(old, behaviour, tis_cap)
    values = {
        "sampler/kl": kl(behaviour, old).mean(),
        "sampler/gap_max": (old - behaviour).abs().max(),
        "sampler/chi2": ratio.square().mean() - 1,
        "sampler/ess": weight.sum().square() / (len(weight) * weight.square().sum()),
        "sampler/truncated": (ratio > tis_cap).double().mean(),
        "sampler/ratio_max": ratio.max(),
    }
    return dict(zip(values, torch.stack(list(values.values())).tolist(), strict=True))


def _kl_shares(
    divergence: Tensor, log_w: Tensor, advantages: Tensor, entropy: Tensor, written: Tensor
) -> dict[str, Tensor]:
    """Split the divergence from the reference over eight kinds of rows (ARLArena, Fig. 4 c/d).

    The kinds are sign of the advantage × geometric-mean ratio below 1 or not × mean entropy
    below the batch median or not. Rows with advantage 0 are of no kind; the shares of the rest
    add up to 1, or are all 0 where the policy still equals the reference.
    """
    advantage = _written_mean(advantages, written, dim=1)
    below = _written_mean(log_w, written, dim=1) < 0
    spread = _written_mean(entropy, written, dim=1)
    occupied = written.any(1)
    quiet = spread < (spread[occupied].quantile(0.5) if occupied.any() else 0.0)
    weight = _written_mean(divergence, written, dim=1) * (advantage != 0)
    moved = weight.sum() > NO_DIVERGENCE * (advantage != 0).sum()
    share = torch.where(moved, weight / weight.sum(), 0.0)

    signs = {"neg": advantage < 0, "pos": advantage > 0}
    sides = {"below": below, "above": ~below}
    halves = {"lo": quiet, "hi": ~quiet}
    return {
        f"kl_share/{sign}_{side}_{half}": (share * (signs[sign] & sides[side] & halves[half])).sum()
        for sign, side, half in product(signs, sides, halves)
    }


def _written_mean(values: Tensor, written: Tensor, dim: int | None = None) -> Tensor:
    """Return the mean where `written`; what padding holds, NaN included, does not count."""
    return masked_mean(torch.where(written, values, 0), written, dim)


class MetricMean:
    """Weighted mean of metric dictionaries; `ratio/max` and `ratio/min` keep their extremes.

    A value that is not finite is left out, so that one skipped minibatch does not hide the rest
    of a step; a metric that never was finite is NaN.
    """

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._weights: dict[str, float] = {}
        self._extremes: dict[str, float] = {}

    def add(self, metrics: Mapping[str, float], weight: float = 1.0) -> None:
        """Take in one dictionary; a weight of 0 leaves it out.

        Args:
            metrics: Names to values; names may differ between calls.
            weight: At least 0, for example the minibatch's number of tokens.
        """
        if weight <= 0:
            return
        for name, value in metrics.items():
            counts = math.isfinite(value)
            self._sums[name] = self._sums.get(name, 0.0) + (weight * value if counts else 0.0)
            self._weights[name] = self._weights.get(name, 0.0) + (weight if counts else 0.0)
            if counts and name in _EXTREMES:
                self._extremes[name] = _EXTREMES[name](value, self._extremes.get(name, value))

    def result(self) -> dict[str, float]:
        """Return the means so far, in the order in which the names first came."""
        means = {
            name: total / self._weights[name] if self._weights[name] else math.nan
            for name, total in self._sums.items()
        }
        return means | self._extremes


_EXTREMES = {"ratio/max": max, "ratio/min": min}
