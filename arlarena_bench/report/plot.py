"""The figures of a bench, as PNG and SVG."""

from io import BytesIO
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.report.curves import draw_curves_by_method
from arlarena_bench.report.heatmaps import draw_diagnostics
from arlarena_bench.report.metrics import Metrics


def plot(metrics: Metrics, stem: Path, title: str) -> list[Path]:
    """Draw curves and diagnostics; the same metrics give the same bytes.

    Args:
        metrics: What is drawn.
        stem: Where to write, without extension; `-diagnostics` is appended for these.
        title: Above the figures.

    Returns:
        The files written.

    Raises:
        ArenaError: If there is nothing to draw, or a file cannot be written.
    """
    if not metrics:
        raise ArenaError("no metrics to draw; run `arlarena bench` first")
    with matplotlib.rc_context({"svg.hashsalt": "arlarena", "font.size": 8, "axes.titlesize": 8.5}):
        figures = {
            stem.name: draw_curves_by_method(metrics, title),
            f"{stem.name}-diagnostics": draw_diagnostics(metrics, title),
        }
        return [
            _save(figure, stem.with_name(f"{name}.{kind}"), kind)
            for name, figure in figures.items()
            for kind in ("png", "svg")
        ]


def _save(figure: Figure, path: Path, kind: str) -> Path:
    buffer = BytesIO()
    # Matplotlib would stamp the date into an SVG.
    figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    write_whole(path, buffer.getvalue())
    return path
