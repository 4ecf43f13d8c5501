"""Learning curves: one colour a method, a band over its seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # curves go to files; a display may be absent

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.report.comparison import in_order
from arlarena_bench.report.metrics import Metrics, Record

# Okabe and Ito's palette, which colour-blind readers can tell apart, without its pale yellow;
# then again with other line styles.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLES = list(product(("-", (0, (4, 1.5)), (0, (1, 1))), COLOURS))
MOST_BANDS = len(COLOURS)  # more overlapping bands than that hide the lines


@dataclass(frozen=True, slots=True)
class Curve:
    """One panel of the figure.

    Attributes:
        title: Above the panel.
        keys: Metrics whose sum is drawn.
        smooth: Training steps in the running mean.
        log: Whether the y-axis is logarithmic.
        share: Whether the y-axis is fixed to [0, 1].
    """

    title: str
    keys: tuple[str, ...]
    smooth: int = 1
    log: bool = False
    share: bool = False


CURVES = (
    Curve("success on validation", ("validation/success",), share=True),
    Curve("success in training, mean of 10 steps", ("success/train",), smooth=10, share=True),
    Curve("KL to the start policy (nats a token)", ("kl_ref",), log=True),
    Curve("gradient norm before clipping, mean of 5 steps", ("grad_norm",), smooth=5, log=True),
    Curve("replies in the strict format", ("format_valid",), share=True),
    Curve("entropy (nats a token)", ("entropy",)),
    Curve("share of tokens clipped, mean of 5 steps", ("clip_fraction",), smooth=5),
    Curve(
        "share of tokens out of band, mean of 5 steps",
        ("tokens/low_negative", "tokens/high_positive"),
        smooth=5,
    ),
)


def plot(metrics: Metrics, stem: Path, title: str) -> list[Path]:
    """Draw the curves and write them as PNG and SVG; the same metrics give the same bytes.

    Args:
        metrics: What is drawn.
        stem: Where to write, without extension.
        title: Above the figure.

    Returns:
        The files written.

    Raises:
        ArenaError: If there is nothing to draw, or a file cannot be written.
    """
    if not metrics:
        raise ArenaError("no metrics to draw; run `arlarena bench` first")
    with plt.rc_context({"svg.hashsalt": "arlarena", "font.size": 8, "axes.titlesize": 8.5}):
        figure, axes = plt.subplots(2, 4, figsize=(14, 6.4), layout="constrained")
        for curve, ax in zip(CURVES, axes.flat, strict=True):
            for number, method in enumerate(in_order(metrics)):
                style, colour = STYLES[number % len(STYLES)]
                averaged = _averaged(list(metrics[method].values()), curve)
                ax.plot(*averaged[:2], label=method, linestyle=style, color=colour, linewidth=1.4)
                if len(metrics[method]) > 1 and len(metrics) <= MOST_BANDS:
                    steps, _, low, high = averaged
                    ax.fill_between(steps, low, high, color=colour, alpha=0.12, linewidth=0)
            _finish(ax, curve)
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 9))
        figure.suptitle(title)
        try:
            return [_save(figure, stem, kind) for kind in ("png", "svg")]
        finally:
            plt.close(figure)


def series(records: Sequence[Record], curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps at which a run recorded the curve, and its (smoothed) values there."""
    points = [r for r in records if "step" in r and all(_drawable(r.get(k)) for k in curve.keys)]
    steps = np.array([r["step"] for r in points])
    values = np.array([sum(r[key] for key in curve.keys) for r in points], dtype=float)
    totals = np.concatenate([[0.0], np.cumsum(values)])
    first = np.maximum(np.arange(len(values)) + 1 - curve.smooth, 0)
    last = np.arange(len(values)) + 1
    return steps, (totals[last] - totals[first]) / (last - first)


def _averaged(seeds: Sequence[Sequence[Record]], curve: Curve) -> np.ndarray:
    """Return (4, steps): step, mean over the seeds that reached it, least and greatest."""
    at_step: dict[int, list[float]] = {}
    for records in seeds:
        for step, value in zip(*series(records, curve), strict=True):
            at_step.setdefault(int(step), []).append(float(value))
    rows = [(step, np.mean(v), min(v), max(v)) for step, v in sorted(at_step.items())]
    table = np.array(rows, dtype=float).reshape(-1, 4).T
    if curve.log:
        # A collapsed run has a gradient of exactly zero, which a logarithm cannot show.
        table[1:][table[1:] <= 0] = np.nan
    return table


def _finish(ax: Axes, curve: Curve) -> None:
    ax.set_title(curve.title)
    ax.set_xlabel("training step")
    ax.grid(alpha=0.25, linewidth=0.5)
    ax.spines[["top", "right"]].set_visible(False)
    if curve.share:
        ax.set_ylim(-0.02, 1.02)
    if curve.log:
        ax.set_yscale("log")


def _drawable(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))


def _save(figure: Figure, stem: Path, kind: str) -> Path:
    path = stem.with_name(f"{stem.name}.{kind}")
    buffer = BytesIO()
    # Matplotlib would stamp the date into an SVG.
    figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    write_whole(path, buffer.getvalue())
    return path
