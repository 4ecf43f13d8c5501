"""When a run has collapsed, and of what."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Cause = Literal["format", "no_signal", "divergence", "success"]
Series = NDArray[np.float64]

MUST_BE_FINITE = ("loss", "grad_norm", "kl_old", "kl_ref", "entropy")


@dataclass(frozen=True, slots=True)
class Collapse:
    """The first sign of a collapse: the step that showed it, its cause, and a line about it."""

    step: int
    cause: Cause
    message: str


@dataclass(frozen=True, slots=True)
class CollapseThresholds:
    """What counts as a collapse. ARLArena gives no numbers: these are ours (docs/diagnostics.md).

    They are set for about 64 episodes a step in 8 groups; fewer make success noisier.

    Attributes:
        format_window: Steps over which valid format is averaged.
        format_healthy: The average must once have been this high.
        format_lost: Below this average, the format is lost.
        no_signal_steps: Steps in a row in which no group has any variance.
        vanished_steps: Steps over which success is compared with all steps before them.
        vanished_fraction: Success has vanished at this fraction of its mean before.
        vanished_from: That mean must be this high, or the task is too hard to tell.
        success_window: Steps over which success is smoothed.
        success_best: The best smoothed success must be this high to fall from.
        success_fraction: Below this fraction of the best, success has fallen.
        success_steps: Steps in a row that it must stay there.
        explosion_factor: A value this many times its running median explodes.
        explosion_history: Steps that a running median needs.
        explosion_floors: Metrics watched; what does not exceed its floor never explodes.
        explosion_steps: Steps with an explosion that make a divergence, one may be a spike.
        explosion_window: Steps for which an explosion is remembered.
        divergence_fraction: After explosions, success below this fraction of its best.
        non_finite_steps: Steps in a row with a loss, norm, KL or entropy that is not finite.
    """

    format_window: int = 3
    format_healthy: float = 0.8
    format_lost: float = 0.5
    no_signal_steps: int = 5
    vanished_steps: int = 6
    vanished_fraction: float = 0.05
    vanished_from: float = 0.1
    success_window: int = 8
    success_best: float = 0.3
    success_fraction: float = 0.25
    success_steps: int = 3
    explosion_factor: float = 10.0
    explosion_history: int = 5
    explosion_floors: tuple[tuple[str, float], ...] = (
        ("grad_norm", 1.0),
        ("kl_old", 0.1),
        ("kl_ref", 0.5),
    )
    explosion_steps: int = 2
    explosion_window: int = 10
    divergence_fraction: float = 0.4
    non_finite_steps: int = 2


class CollapseDetector:
    """Watches the metrics of training steps, in order, for the first sign of a collapse.

    What it says depends on the metrics it was fed and on nothing else, so replaying a log restores
    it.

    Args:
        thresholds: What counts as a collapse.

    Attributes:
        collapse: The first collapse seen, None while there is none.
    """

    def __init__(self, thresholds: CollapseThresholds | None = None) -> None:
        self.collapse: Collapse | None = None
        self._thresholds = thresholds or CollapseThresholds()
        self._history: dict[str, list[float]] = {}

    def observe(self, step: int, metrics: Mapping[str, float]) -> Collapse | None:
        """Take in the metrics of one training step.

        Args:
            step: Its number.
            metrics: At least `success/train`, `format_valid` and `groups/zero_variance`; the
                others that the thresholds speak of count where they are present.

        Returns:
            The first collapse seen so far, at this step or before; None if there is none.
        """
        if self.collapse is None:
            self._remember(metrics)
            rules: tuple[tuple[Cause, str | None], ...] = (
                ("format", self._format()),
                ("no_signal", self._no_signal()),
                ("divergence", self._non_finite() or self._divergence()),
                ("success", self._vanished() or self._fallen()),
            )
            found = [Collapse(step, cause, message) for cause, message in rules if message]
            self.collapse = found[0] if found else None
        return self.collapse

    def _remember(self, metrics: Mapping[str, float]) -> None:
        optional = {*MUST_BE_FINITE, *dict(self._thresholds.explosion_floors)} & metrics.keys()
        for name in ("success/train", "format_valid", "groups/zero_variance", *sorted(optional)):
            self._history.setdefault(name, []).append(metrics[name])

    def _series(self, name: str) -> Series:
        return np.asarray(self._history.get(name, ()), dtype=np.float64)

    def _format(self) -> str | None:
        limits, valid = self._thresholds, self._series("format_valid")
        window = limits.format_window
        if len(valid) < window:
            return None
        now = float(valid[-window:].mean())
        # The first steps count by themselves: one update can be enough to destroy the format, and
        # the only healthy step is then the first.
        first = [float(valid[:steps].mean()) for steps in range(1, window)]
        best = max([*first, float(_window_means(valid, window).max())])
        if best < limits.format_healthy or now >= limits.format_lost:
            return None
        return f"valid format fell from {best:.2f} to {now:.2f}"

    def _no_signal(self) -> str | None:
        steps = self._thresholds.no_signal_steps
        silent = self._series("groups/zero_variance")[-steps:]
        # Groups that all win have no variance either; a solved task is not a collapse.
        if np.all(silent >= 1) and self._success_vanished(steps):
            return f"no group has had any variance for {steps} steps, and success is gone"
        return None

    def _vanished(self) -> str | None:
        steps = self._thresholds.vanished_steps
        if self._success_vanished(steps):
            before = self._series("success/train")[:-steps].mean()
            return f"success averaged {before:.2f} and has been gone for {steps} steps"
        return None

    def _success_vanished(self, steps: int) -> bool:
        """Whether the last `steps` steps solve next to nothing of what was solved before them."""
        limits, success = self._thresholds, self._series("success/train")
        if len(success) <= steps:
            return False
        before, now = float(success[:-steps].mean()), float(success[-steps:].mean())
        return before >= limits.vanished_from and now <= limits.vanished_fraction * before

    def _fallen(self) -> str | None:
        limits = self._thresholds
        smoothed, best = self._smoothed_success()
        low = (best >= limits.success_best) & (smoothed < limits.success_fraction * best)
        if len(low) < limits.success_steps or not low[-limits.success_steps :].all():
            return None
        return f"smoothed success fell from {best[-1]:.2f} to {smoothed[-1]:.2f} and stays there"

    def _divergence(self) -> str | None:
        limits = self._thresholds
        smoothed, best = self._smoothed_success()
        if not len(smoothed) or best[-1] < limits.success_best:
            return None
        names = [name for name, floor in limits.explosion_floors if self._exploded(name, floor)]
        if not names or smoothed[-1] >= limits.divergence_fraction * best[-1]:
            return None
        return (
            f"{' and '.join(names)} exploded, then smoothed success fell "
            f"from {best[-1]:.2f} to {smoothed[-1]:.2f}"
        )

    def _exploded(self, name: str, floor: float) -> bool:
        """Whether enough recent values of a metric exceed its floor and its running median."""
        limits, values = self._thresholds, self._series(name)
        count = 0
        for index in range(max(0, len(values) - limits.explosion_window), len(values)):
            before = values[:index][np.isfinite(values[:index])]
            if len(before) >= limits.explosion_history:
                count += values[index] > max(floor, limits.explosion_factor * np.median(before))
        return count >= limits.explosion_steps

    def _smoothed_success(self) -> tuple[Series, Series]:
        """Return the mean success of each full window, and the best up to then."""
        smoothed = _window_means(self._series("success/train"), self._thresholds.success_window)
        return smoothed, np.maximum.accumulate(smoothed)

    def _non_finite(self) -> str | None:
        steps = self._thresholds.non_finite_steps
        for name in MUST_BE_FINITE:
            recent = self._series(name)[-steps:]
            if len(recent) == steps and not np.isfinite(recent).any():
                return f"{name} has not been finite for {steps} steps"
        return None


def _window_means(values: Series, window: int) -> Series:
    if len(values) < window:
        return np.empty(0)
    means: Series = sliding_window_view(values, window).mean(-1)
    return means


def final_fifth_std(success_values: Sequence[float]) -> float:
    """Return the standard deviation of success over the last 20 % of the training steps.

    The paper tunes every method until the variance of these steps is below a threshold that it does
    not state (ARLArena, §3.1). The number of steps is rounded up; no steps give 0.
    """
    last = math.ceil(len(success_values) / 5)
    return statistics.pstdev(success_values[-last:]) if last else 0.0
