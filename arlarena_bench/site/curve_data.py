"""The curves of a table as data for the browser, which draws them and computes nothing."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from arlarena_bench.report.comparison import BASELINE
from arlarena_bench.report.curves import (
    SUCCESS,
    Axis,
    Line,
    axes_of,
    line_of,
    start_of,
    steps_line,
    survival_of,
)
from arlarena_bench.report.heatmaps import DIAGNOSTICS, Diagnostic
from arlarena_bench.report.metrics import Metrics
from arlarena_bench.site.palette import Stroke

VALIDATION = Diagnostic("success on validation", (SUCCESS,), share=True)
UNITS = {"kl_ref": "nats a token", "entropy": "nats a token", "grad_norm": "norm"}
PERCENT = "%"


def overview(metrics: Metrics, strokes: Mapping[str, Stroke]) -> dict[str, Any]:
    """Return success on validation of every method, a chart each, and the start's."""
    axes = axes_of(metrics)
    start = start_of(metrics)
    return {
        "axes": [{"label": axis.label, "last": _last(metrics, axis)} for axis in axes],
        "charts": [
            {
                "name": method,
                "unit": PERCENT,
                "log": False,
                "share": True,
                "stepped": False,
                "start": None if start is None else _number(100 * start),
                "lines": [_lines(metrics, method, VALIDATION, axis, strokes) for axis in axes],
            }
            for method in metrics
        ],
    }


def diagnostics(
    metrics: Metrics, method: str, strokes: Mapping[str, Stroke]
) -> dict[str, Any] | None:
    """Return all charts of one method; None where nothing was recorded of its training."""
    if method not in metrics:
        return None
    axes = axes_of(metrics)
    start = start_of(metrics)
    charts = []
    for what in (VALIDATION, *DIAGNOSTICS):
        lines = [_lines(metrics, method, what, axis, strokes) for axis in axes]
        if lines[0]["main"]["x"]:
            known = what is VALIDATION and start is not None
            charts.append(
                {
                    "name": what.title.partition(" (")[0],
                    "unit": UNITS.get(what.keys[0], PERCENT),
                    "log": what.log,
                    "share": what.share,
                    "stepped": False,
                    "start": _number(100 * (start or 0)) if known else None,
                    "lines": lines,
                }
            )
    if survival := _survival(metrics, method, axes, strokes):
        charts.append(survival)
    return {
        "axes": [{"label": axis.label, "last": _last({method: metrics[method]}, axis)}
                 for axis in axes],
        "charts": charts,
    }  # fmt: skip


def _lines(
    metrics: Metrics,
    method: str,
    what: Diagnostic,
    axis: Axis,
    strokes: Mapping[str, Stroke],
) -> dict[str, Any]:
    """Return the mean with its interval, single seeds, and the baseline's mean."""
    seeds = metrics[method]
    percent = what.keys[0] not in UNITS
    other = metrics.get(BASELINE, {}) if method != BASELINE else {}
    return {
        "main": _line(_mean(seeds, what, axis), percent),
        "seeds": [_thin(_mean({n: seeds[n]}, what, axis), percent) for n in sorted(seeds)],
        "baseline": _thin(_mean(other, what, axis), percent),
        "stroke": _stroke(strokes[method]),
    }


def _mean(seeds: Mapping[int, Sequence[Any]], what: Diagnostic, axis: Axis) -> Line:
    return line_of(seeds, axis) if what is VALIDATION else steps_line(seeds, axis, what)


def _survival(
    metrics: Metrics, method: str, axes: Sequence[Axis], strokes: Mapping[str, Stroke]
) -> dict[str, Any] | None:
    found = survival_of(metrics[method], axes)
    told = [each for each in found if each is not None]
    if len(told) < len(axes):
        return None
    return {
        "name": f"seeds not collapsed (Kaplan-Meier), {told[0][2]} collapsed",
        "unit": PERCENT,
        "log": False,
        "share": True,
        "stepped": True,
        "start": None,
        "lines": [
            {
                "main": _line(line, percent=True),
                "seeds": [],
                "baseline": _thin(Line((), (), (), ()), percent=True),
                "stroke": _stroke(strokes[method]),
            }
            for line, _, _ in told
        ],
    }


def _stroke(stroke: Stroke) -> dict[str, Any]:
    return {"colour": stroke.colour, "dash": list(stroke.dash)}


def _thin(line: Line, percent: bool) -> dict[str, list[float | None]]:
    """Return a line that has no interval."""
    factor = 100 if percent else 1
    return {
        "x": [round(x) for x in line.x],
        "mean": [_number(factor * value) for value in line.mean],
    }


def _line(line: Line, percent: bool) -> dict[str, list[float | None]]:
    factor = 100 if percent else 1
    return _thin(line, percent) | {
        "low": [_number(factor * value) for value in line.low],
        "high": [_number(factor * value) for value in line.high],
    }


def _number(value: float) -> float | None:
    return float(f"{value:.4g}") if isfinite(value) else None


def _last(metrics: Metrics, axis: Axis) -> float:
    ends = [run[-1].get(axis.key, 0) for seeds in metrics.values() for run in seeds.values()]
    return float(max(ends, default=0)) or 1.0
