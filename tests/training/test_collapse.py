"""Synthetic runs, with success as noisy as 8 groups of 8 episodes a step make it."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from arlarena_bench.training.collapse import (
    Collapse,
    CollapseDetector,
    CollapseThresholds,
    final_fifth_std,
)

# Within a group episodes succeed or fail together; this much correlation gives a step's success
# a standard deviation of 0.15 at a success rate of one half.
CORRELATION = 0.68
STEPS = 50
Metrics = dict[str, float]

HEALTHY = {
    "learns": np.interp(range(STEPS), [0, 10, 20, 49], [0.17, 0.48, 0.58, 0.65]),
    "does not learn": np.full(STEPS, 0.17),
    "is half solved": np.full(STEPS, 0.5),
    "sags": np.interp(range(STEPS), [0, 20, 30, 49], [0.17, 0.61, 0.61, 0.39]),
    "solves everything": np.interp(range(STEPS), [0, 20, 49], [0.17, 1.0, 1.0]),
    "drifts": np.linspace(0.19, 0.12, STEPS),
}


def run(success: Sequence[float] | np.ndarray, seed: int, valid: float = 0.98) -> list[Metrics]:
    """Return the metrics of a run whose true success rate is given for every step."""
    rng = np.random.default_rng(seed)
    metrics = []
    for step, rate in enumerate(np.clip(success, 1e-6, 1 - 1e-6)):
        shape = 1 / CORRELATION - 1
        wins = rng.binomial(8, rng.beta(rate * shape, (1 - rate) * shape, 8))
        spike = rng.random() < 0.02
        metrics.append(
            {
                "success/train": wins.mean() / 8,
                "format_valid": float(np.clip(rng.normal(valid, 0.03), 0, 1)),
                "groups/zero_variance": float(np.mean((wins == 0) | (wins == 8))),
                "grad_norm": 22.0 if spike else float(rng.lognormal(-0.5, 0.4)),
                "kl_old": float(rng.lognormal(-5, 0.5)),
                "kl_ref": 0.005 * step * float(rng.lognormal(0, 0.3)),
                "loss": float(rng.normal(0, 0.01)),
            }
        )
    return metrics


def steady(steps: int, **changes: float) -> list[Metrics]:
    """Return steps of one unvarying, healthy kind."""
    usual = {"success/train": 0.6, "format_valid": 0.99, "groups/zero_variance": 0.2}
    return [usual | {name.replace("__", "/"): v for name, v in changes.items()}] * steps


def watch(metrics: Iterable[Metrics], thresholds: CollapseThresholds | None = None) -> Collapse:
    """Return what the detector found; step 0 with an empty message for nothing."""
    detector = CollapseDetector(thresholds)
    for step, each in enumerate(metrics, start=1):
        detector.observe(step, each)
    return detector.collapse or Collapse(0, "success", "")


@pytest.mark.parametrize("kind", HEALTHY)
def test_healthy_noise_raises_no_alarm(kind: str) -> None:
    runs = 100
    alarms = [watch(run(HEALTHY[kind], seed)) for seed in range(runs)]
    assert sum(alarm.step > 0 for alarm in alarms) <= 0.02 * runs, alarms


def test_the_simulated_noise_is_as_large_as_what_was_measured() -> None:
    success = [metrics["success/train"] for metrics in run(np.full(2000, 0.5), seed=0)]
    assert 0.13 < np.std(success) < 0.17


@pytest.mark.parametrize("healthy_steps", [1, 3, 17])
def test_a_lost_format_is_seen_within_three_steps(healthy_steps: int) -> None:
    for seed in range(20):
        metrics = run([0.17] * healthy_steps + [0.0] * 10, seed)
        for late in metrics[healthy_steps:]:
            late |= {"format_valid": 0.0, "groups/zero_variance": 1.0, "grad_norm": 0.0}
        found = watch(metrics)
        assert found.cause == "format"
        assert healthy_steps < found.step <= healthy_steps + 3


def test_success_lost_with_the_format_kept_is_seen_within_six_steps() -> None:
    for seed in range(20):
        # Penalties differ within groups, so these keep some variance.
        metrics = run(np.r_[np.linspace(0.2, 0.3, 10), np.zeros(12)], seed, valid=0.87)
        for each in metrics:
            each |= {"groups/zero_variance": 0.3, "grad_norm": 0.5}
        found = watch(metrics)
        assert found.cause == "success"
        assert 10 < found.step <= 16


def test_a_silent_collapse_is_seen_within_five_steps() -> None:
    for seed in range(20):
        metrics = run(np.r_[np.linspace(0.2, 0.6, 15), np.zeros(12)], seed)
        for late in metrics[15:]:
            late["grad_norm"] = 0.0
        found = watch(metrics)
        assert found.cause == "no_signal"
        assert 15 < found.step <= 20


def test_a_format_never_learnt_is_not_lost() -> None:
    assert watch(steady(30, format_valid=0.3)).step == 0


def test_two_bad_steps_of_format_are_forgiven() -> None:
    dip = steady(1, format_valid=0.3) + steady(1, format_valid=0.4)
    assert watch(steady(5) + dip + steady(5)).step == 0


def test_a_fall_must_be_deep_and_last() -> None:
    # Eight steps at 0.1 bring the smoothed success below a quarter of 0.6; then three in a row.
    found = watch(steady(20) + steady(20, success__train=0.1))
    assert (found.step, found.cause) == (30, "success")
    assert found.message == "smoothed success fell from 0.60 to 0.10 and stays there"
    assert watch(steady(20) + steady(9, success__train=0.1) + steady(9)).step == 0
    assert watch(steady(20) + steady(20, success__train=0.16)).step == 0


def test_a_low_start_is_nothing_to_fall_from() -> None:
    assert watch(steady(20, success__train=0.29) + steady(20, success__train=0.05)).step == 0


def test_one_group_with_variance_is_a_signal() -> None:
    lost = steady(10, success__train=0.0, groups__zero_variance=7 / 8)
    assert (watch(steady(10) + lost).step, watch(steady(10) + lost).cause) == (16, "success")


def test_a_task_that_was_never_solved_has_not_collapsed() -> None:
    assert watch(steady(40, success__train=0.0, groups__zero_variance=1.0)).step == 0


def test_a_solved_task_has_no_signal_and_has_not_collapsed() -> None:
    assert watch(steady(10) + steady(40, success__train=1.0, groups__zero_variance=1.0)).step == 0


@pytest.mark.parametrize(("name", "usual", "huge"), [("grad_norm", 0.5, 50.0), ("kl_old", 0.01, 2)])
def test_an_explosion_and_a_fall_are_a_divergence(name: str, usual: float, huge: float) -> None:
    calm = steady(20, **{name: usual})
    # Half of what a fall alone takes: 0.2 is a third of 0.6.
    lower = {"success__train": 0.2}
    found = watch(calm + steady(10, **lower, **{name: huge}))
    assert (found.step, found.cause) == (28, "divergence")
    assert found.message == f"{name} exploded, then smoothed success fell from 0.60 to 0.20"

    assert watch(calm + steady(10, **lower, **{name: usual})).step == 0
    assert watch(calm + steady(10, **{name: huge})).step == 0
    spike = steady(1, **{name: huge})
    assert watch(calm + spike + steady(10, **lower, **{name: usual})).step == 0


def test_a_value_large_but_usual_is_no_explosion() -> None:
    calm, high = steady(20, kl_old=0.2), steady(10, success__train=0.2, kl_old=1.9)
    assert watch(calm + high).step == 0


def test_an_early_rise_from_nothing_is_no_explosion() -> None:
    tiny = steady(20, kl_ref=1e-6)
    assert watch(tiny + steady(10, success__train=0.2, kl_ref=0.4)).step == 0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_two_steps_that_are_not_finite_are_a_divergence(value: float) -> None:
    calm, broken = steady(3, loss=0.1), steady(1, loss=value)
    assert watch(calm + broken + calm + broken).step == 0
    found = watch(calm + broken * 2)
    assert (found.step, found.cause) == (5, "divergence")
    assert found.message == "loss has not been finite for 2 steps"


def test_the_first_collapse_stays_and_a_replay_finds_it_again() -> None:
    metrics = steady(5) + steady(20, format_valid=0.0)
    detector = CollapseDetector()
    told = [detector.observe(step, each) for step, each in enumerate(metrics, start=1)]
    assert told[:6] == [None] * 6
    assert told[6] == Collapse(7, "format", "valid format fell from 0.99 to 0.33")
    assert set(told[6:]) == {told[6]} == {detector.collapse}
    assert watch(metrics) == detector.collapse


def test_thresholds_can_be_set() -> None:
    half = steady(5) + steady(5, format_valid=0.6)
    assert watch(half).step == 0
    assert watch(half, CollapseThresholds(format_lost=0.7)).cause == "format"
    assert watch(half, CollapseThresholds(format_lost=0.7, format_window=1)).step == 6


@pytest.mark.parametrize(
    ("success", "expected"),
    [
        ([], 0.0),
        ([0.5], 0.0),
        ([0.0] * 8 + [0.4, 0.6], 0.1),
        # A fifth of 11 steps is rounded up to 3.
        ([9.0] * 8 + [0.0, 0.3, 0.6], math.sqrt(0.06)),
    ],
)
def test_the_final_fifth(success: list[float], expected: float) -> None:
    assert final_fifth_std(success) == pytest.approx(expected)
