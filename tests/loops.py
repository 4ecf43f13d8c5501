"""The methods once more, in loops over plain numbers, written from the equations and not the code.

A batch is a list of `Row`; log-probabilities, advantages and masks are lists of lists. A loss takes
`frozen`, the log-probabilities at which stop-gradients hold, so that finite differences can move
`log_probs` alone.
"""

import math
import statistics
from dataclasses import dataclass
from typing import Any

from arlarena_bench import Batch

Matrix = list[list[float]]


@dataclass
class Row:
    group: int
    trajectory: int
    turn: int
    reward: float
    penalty: float
    anchor: str
    entropy: list[float]
    mask: list[float]


def rows_of(batch: Batch) -> list[Row]:
    columns: list[list[Any]] = [
        batch.group.tolist(),
        batch.trajectory.tolist(),
        batch.turn.tolist(),
        batch.reward.tolist(),
        batch.penalty.tolist(),
        batch.anchor,
        batch.entropy.tolist(),
        batch.mask.tolist(),
    ]
    return [Row(*values) for values in zip(*columns, strict=True)]


def score(row: Row, rows: list[Row]) -> float:
    turns = {other.turn: other.reward for other in rows if other.trajectory == row.trajectory}
    return math.fsum(turns.values()) - row.penalty


def grpo_advantage(rows: list[Row], stats: str = "turns") -> list[float]:
    result = []
    for row in rows:
        mates = [other for other in rows if other.group == row.group]
        if stats == "turns":
            sample = [score(other, rows) for other in mates]
        else:
            sample = []
            for trajectory in {other.trajectory for other in mates}:
                own = [score(o, rows) for o in mates if o.trajectory == trajectory]
                sample.append(sum(own) / len(own))
        mean, std = (
            (0.0, 1.0) if len(sample) == 1 else (statistics.mean(sample), statistics.stdev(sample))
        )
        result.append((score(row, rows) - mean) / (std + 1e-6))
    return result


def gigpo_advantage(
    rows: list[Row], gamma: float = 0.95, weight: float = 1.0, stats: str = "turns"
) -> list[float]:
    def worth(row: Row) -> float:
        ahead = {
            other.turn: gamma ** (other.turn - row.turn) * other.reward
            for other in rows
            if other.trajectory == row.trajectory and other.turn >= row.turn
        }
        return math.fsum(ahead.values()) - row.penalty

    result = []
    for row, episode in zip(rows, grpo_advantage(rows, stats), strict=True):
        same = [worth(o) for o in rows if (o.group, o.anchor) == (row.group, row.anchor)]
        step = 0.0
        if len(same) > 1:
            step = (worth(row) - statistics.mean(same)) / (statistics.stdev(same) + 1e-6)
        result.append(episode + weight * step)
    return result


def empg_advantage(
    rows: list[Row], k: float = 1.0, k_f: float = 1.0, zeta: float = 0.05, stats: str = "turns"
) -> list[float]:
    entropies = []
    for row in rows:
        own = [h for h, m in zip(row.entropy, row.mask, strict=True) if m]
        entropies.append(sum(own) / len(own) if own else 0.0)
    low, high = min(entropies), max(entropies)
    levels = [(h - low) / (high - low + 1e-8) for h in entropies]
    raw = [math.exp(-k * level) for level in levels]
    mean_raw = sum(raw) / len(raw)
    bonus = {
        (row.trajectory, row.turn): math.exp(-k_f * level)
        for row, level in zip(rows, levels, strict=True)
    }
    result = []
    for row, g, adv in zip(rows, raw, grpo_advantage(rows, stats), strict=True):
        future = bonus.get((row.trajectory, row.turn + 1), 0.0)
        result.append(g / (mean_raw + 1e-8) * adv + zeta * future)
    centre = sum(result) / len(result)
    return [adv - centre for adv in result]


def clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def row_mean(values: list[float], mask: list[float]) -> float:
    kept = [v for v, m in zip(values, mask, strict=True) if m]
    return sum(kept) / len(kept) if kept else 0.0


def hard_clip_loss(ratio: float, adv: float, low: float, high: float, dual: float | None) -> float:
    loss = max(-adv * ratio, -adv * clamp(ratio, 1 - low, 1 + high))
    return min(loss, -adv * dual) if dual is not None and adv < 0 else loss


def token_losses(
    family: str,
    log_probs: Matrix,
    frozen: Matrix,
    old: Matrix,
    adv: Matrix,
    mask: Matrix,
    options: dict[str, Any],
) -> Matrix:
    losses = []
    for p, p0, q, a, m in zip(log_probs, frozen, old, adv, mask, strict=True):
        mean_adv = row_mean(a, m)
        mean_log = row_mean([x - y for x, y in zip(p0, q, strict=True)], m)
        line = []
        for t in range(len(p)):
            ratio = math.exp(clamp(p[t] - q[t], -20, 20))
            if family == "grpo":
                low, high = options["clip_low"], options["clip_high"]
                line.append(hard_clip_loss(ratio, a[t], low, high, options["dual_clip"]))
            elif family == "gspo":
                low, high = options["clip_low"], options["clip_high"]
                sequence = math.exp(min(mean_log + p[t] - p0[t], 10))
                line.append(hard_clip_loss(sequence, a[t], low, high, None))
            elif family == "cispo":
                low, high = options["clip_low"], options["clip_high"]
                weight = math.exp(clamp(p0[t] - q[t], -20, 20))
                line.append(-clamp(weight, 1 - low, 1 + high) * a[t] * p[t])
            else:
                tau = options["tau_pos"] if mean_adv > 0 else options["tau_neg"]
                gate = 4 / tau / (1 + math.exp(-tau * (ratio - 1)))
                line.append(-gate * a[t])
        losses.append(line)
    return losses


def masked_rows(frozen: Matrix, old: Matrix, adv: Matrix, mask: Matrix, delta: float) -> list[bool]:
    result = []
    for p, q, a, m in zip(frozen, old, adv, mask, strict=True):
        drift = row_mean([y - x for x, y in zip(p, q, strict=True)], m)
        result.append(row_mean(a, m) < 0 and drift > delta)
    return result


def aggregate(losses: Matrix, mask: Matrix, mode: str) -> float:
    sums = [
        sum(loss for loss, m in zip(line, kept, strict=True) if m)
        for line, kept in zip(losses, mask, strict=True)
    ]
    counts = [sum(1 for m in kept if m) for kept in mask]
    if mode == "token-mean":
        return sum(sums) / sum(counts) if any(counts) else 0.0
    if mode == "seq-mean-token-mean":
        means = [s / c for s, c in zip(sums, counts, strict=True) if c]
        return sum(means) / len(means) if means else 0.0
    if mode == "seq-mean-token-sum":
        return sum(sums) / len(sums)
    if mode == "seq-mean-token-sum-norm":
        return sum(sums) / len(mask[0])
    return sum(sums) / (len(sums) * len(mask[0]))


def policy_loss(
    name: str,
    log_probs: Matrix,
    old: Matrix,
    adv: Matrix,
    mask: Matrix,
    options: dict[str, Any],
    aggregation: str,
    frozen: Matrix | None = None,
) -> float:
    frozen = log_probs if frozen is None else frozen
    if name.endswith("_sm"):
        rejected = masked_rows(frozen, old, adv, mask, options["delta"])
        mask = [
            [0.0] * len(line) if gone else line for line, gone in zip(mask, rejected, strict=True)
        ]
    family = name.split("_")[0]
    family = {"sampo": "gspo", "gspo": "gspo", "cispo": "cispo", "sapo": "sapo"}.get(family, "grpo")
    losses = token_losses(family, log_probs, frozen, old, adv, mask, options)
    return aggregate(losses, mask, aggregation)
