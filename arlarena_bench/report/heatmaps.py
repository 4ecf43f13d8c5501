"""Diagnostics of training, a row a method and a column a step, so that any number can be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from arlarena_bench.report.comparison import in_order
from arlarena_bench.report.metrics import Metrics, Record


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One panel of the figure.

    Attributes:
        title: Above the panel.
        keys: Metrics whose sum is drawn.
        smooth: Training steps in the running mean.
        log: Whether colours are logarithmic.
        share: Whether colours are fixed to [0, 1].
    """

    title: str
    keys: tuple[str, ...]
    smooth: int = 1
    log: bool = False
    share: bool = False


DIAGNOSTICS = (
    Diagnostic("success in training, mean of 10 steps", ("success/train",), 10, share=True),
    Diagnostic("replies in the strict format", ("format_valid",), share=True),
    Diagnostic("KL to the start policy (nats a token)", ("kl_ref",), log=True),
    Diagnostic("gradient norm before clipping, mean of 5 steps", ("grad_norm",), 5, log=True),
    Diagnostic("entropy (nats a token)", ("entropy",)),
    Diagnostic(
        "share of tokens out of band, mean of 5 steps",
        ("tokens/low_negative", "tokens/high_positive"),
        5,
    ),
)


def draw_diagnostics(metrics: Metrics, title: str) -> Figure:
    """Draw every diagnostic, mean over the seeds that reached a step.

    Args:
        metrics: At least one method.
        title: Above the figure.
    """
    methods = in_order(metrics)
    figure = Figure(figsize=(11, 2 * (1.1 + 0.17 * len(methods)) + 0.4), layout="constrained")
    panels = figure.subplots(2, 3, sharey=True)
    for diagnostic, ax in zip(DIAGNOSTICS, panels.flat, strict=True):
        rows = [averaged(list(metrics[method].values()), diagnostic) for method in methods]
        _draw(figure, ax, rows, diagnostic)
        ax.set_yticks(range(len(methods)), methods)
    figure.suptitle(title)
    figure.supxlabel("training step", fontsize="medium")
    return figure


def series(records: Sequence[Record], diagnostic: Diagnostic) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps at which a run recorded the metrics, and their (smoothed) sum there."""
    keys = diagnostic.keys
    points = [r for r in records if "step" in r and all(_drawable(r.get(k)) for k in keys)]
    steps = np.array([r["step"] for r in points], dtype=int)
    values = np.array([sum(r[key] for key in keys) for r in points], dtype=float)
    totals = np.concatenate([[0.0], np.cumsum(values)])
    first = np.maximum(np.arange(len(values)) + 1 - diagnostic.smooth, 0)
    last = np.arange(len(values)) + 1
    return steps, (totals[last] - totals[first]) / (last - first)


def averaged(seeds: Sequence[Sequence[Record]], diagnostic: Diagnostic) -> dict[int, float]:
    """Return step → mean over the seeds that recorded it."""
    at_step: dict[int, list[float]] = {}
    for records in seeds:
        for step, value in zip(*series(records, diagnostic), strict=True):
            at_step.setdefault(int(step), []).append(float(value))
    return {step: float(np.mean(values)) for step, values in sorted(at_step.items())}


def _draw(
    figure: Figure, ax: Axes, rows: Sequence[dict[int, float]], diagnostic: Diagnostic
) -> None:
    last = max([step for row in rows for step in row], default=0)
    image = np.full((len(rows), last + 1), np.nan)
    for place, row in enumerate(rows):
        image[place, list(row)] = list(row.values())
    if diagnostic.log:
        # A collapsed run has a gradient of exactly zero, which a logarithm cannot show.
        image[image <= 0] = np.nan
    known = image[np.isfinite(image)]
    ax.set_title(diagnostic.title)
    if not len(known):
        return
    norm = (
        LogNorm(known.min(), known.max())
        if diagnostic.log
        else Normalize(0, 1 if diagnostic.share else known.max())
    )
    ax.set_facecolor("#dddddd")
    shown = ax.imshow(image, aspect="auto", interpolation="nearest", norm=norm, cmap="viridis")
    figure.colorbar(shown, ax=ax, pad=0.02)


def _drawable(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))
