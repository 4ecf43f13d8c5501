"""Learning curves, a column a method: success against updates, against tokens, and survival."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from arlarena_bench.report.comparison import BASELINE, in_order
from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL
from arlarena_bench.report.heatmaps import Diagnostic, series
from arlarena_bench.report.metrics import Metrics, Record, seen_on_axes
from arlarena_bench.statistics import LEVEL, kaplan_meier, mean_interval
from arlarena_bench.statistics.intervals import mean_bounds

SUCCESS = "validation/success"
MOST_COLUMNS = 7
PANEL = (1.6, 1.45)  # inches
METHOD, OTHER, START = "#0072B2", "#999999", "#D55E00"

Seeds = Mapping[int, Sequence[Record]]


@dataclass(frozen=True, slots=True)
class Axis:
    """What success is drawn against: a metric that counts from the beginning of training."""

    key: str
    label: str


UPDATES = Axis("cost/updates", "updates")
STEPS = Axis("step", "training step")  # for records without costs
TOKENS = Axis("cost/tokens", "reply tokens")


@dataclass(frozen=True, slots=True)
class Line:
    """A measure of a method along training, with the 95 % t interval over seeds.

    Attributes:
        x: Where on the axis, mean over the seeds that were evaluated there.
        mean: Their mean.
        low: Lower bound of the interval, cut at 0; NaN below 3 seeds.
        high: Upper bound; of a share cut at 1.
    """

    x: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def draw_curves_by_method(metrics: Metrics, title: str) -> Figure:
    """Draw a column of panels for each method; the baseline stands in all of them in grey.

    Args:
        metrics: At least one method.
        title: Above the figure.
    """
    axes = axes_of(metrics)
    methods = in_order(metrics)
    columns = min(len(methods), MOST_COLUMNS)
    rows = len(axes) + 1
    bands = -(-len(methods) // columns)
    width, height = PANEL
    figure = Figure(
        figsize=(max(width * columns, 3.2) + 0.7, height * rows * bands + 0.8),
        layout="constrained",
    )
    panels = figure.subplots(rows * bands, columns, squeeze=False)
    start = start_of(metrics)
    for place in range(bands * columns):
        band, column = divmod(place, columns)
        stack = panels[band * rows : (band + 1) * rows, column]
        if place >= len(methods):
            for ax in stack:
                ax.set_axis_off()
            continue
        method = methods[place]
        stack[0].set_title(method)
        for axis, ax in zip(axes, stack, strict=False):
            if method != BASELINE and BASELINE in metrics:
                _draw_line(ax, line_of(metrics[BASELINE], axis), OTHER, band=False)
            _draw_success(ax, metrics[method], axis)
            if start is not None:
                ax.axhline(start, color=START, linewidth=0.9, linestyle=(0, (4, 2)))
            _finish(ax, axis, _last(metrics, axis), column == 0, "success")
        _draw_survival(stack[-1], metrics[method], axes[0])
        _finish(stack[-1], axes[0], _last(metrics, axes[0]), column == 0, "not collapsed")
    figure.suptitle(title)
    figure.supxlabel(_legend(metrics, start), fontsize="medium")
    return figure


def axes_of(metrics: Metrics) -> list[Axis]:
    """Return what success can be drawn against: updates, or steps without costs; tokens."""
    records = [record for seeds in metrics.values() for run in seeds.values() for record in run]
    told = [axis for axis in (UPDATES, TOKENS) if all(axis.key in record for record in records)]
    return told if UPDATES in told else [STEPS]


def start_of(metrics: Metrics) -> float | None:
    """Return the mean success of the starts on validation, None where none was evaluated."""
    runs = [run for seeds in metrics.values() for run in seeds.values()]
    first = [run[0].get(SUCCESS) for run in runs if run[0].get("step") == 0]
    known = [value for value in first if value is not None and isfinite(value)]
    return fmean(known) if known else None


def line_of(seeds: Seeds, axis: Axis) -> Line:
    """Return a method's success at each step at which a seed was evaluated."""
    at_step: dict[int, list[tuple[float, float]]] = {}
    for run in seeds.values():
        for record in run:
            if _finite(record.get(SUCCESS)) and _finite(record.get(axis.key)):
                point = float(record[axis.key]), float(record[SUCCESS])
                at_step.setdefault(int(record["step"]), []).append(point)
    points = [_point(at_step[step]) for step in sorted(at_step)]
    columns = zip(*points, strict=True) if points else ((),) * 4
    return Line(*(tuple(column) for column in columns))


def steps_line(seeds: Seeds, axis: Axis, what: Diagnostic) -> Line:
    """Return a diagnostic at each step at which a seed recorded it, bounds cut at 0."""
    at_step: dict[int, list[tuple[float, float]]] = {}
    for run in seeds.values():
        places = {int(r["step"]): r[axis.key] for r in run if _finite(r.get(axis.key))}
        for step, value in zip(*series(run, what), strict=True):
            if step in places:
                at_step.setdefault(int(step), []).append((float(places[step]), float(value)))
    steps = sorted(at_step)
    return Line(
        x=tuple(fmean(x for x, _ in at_step[step]) for step in steps),
        mean=tuple(fmean(value for _, value in at_step[step]) for step in steps),
        **_bounds([[value for _, value in at_step[step]] for step in steps], what),
    )


def _bounds(values: Sequence[Sequence[float]], what: Diagnostic) -> dict[str, tuple[float, ...]]:
    """Return the bounds of each mean; the intervals of as many seeds are computed at once."""
    low, high = np.full((2, len(values)), np.nan)
    for count in {len(each) for each in values if len(each) >= LEAST_FOR_INTERVAL}:
        places = [place for place, each in enumerate(values) if len(each) == count]
        low[places], high[places] = mean_bounds(np.array([values[p] for p in places]), LEVEL)
    most = 1.0 if what.share else np.inf
    return {"low": tuple(np.maximum(low, 0.0)), "high": tuple(np.minimum(high, most))}


def _point(found: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    values = [success for _, success in found]
    low = high = float("nan")
    if len(values) >= LEAST_FOR_INTERVAL:
        low, high = mean_interval(values)
        low, high = max(low, 0.0), min(high, 1.0)
    return fmean(x for x, _ in found), fmean(values), low, high


def _draw_success(ax: Axes, seeds: Seeds, axis: Axis) -> None:
    line = line_of(seeds, axis)
    if len(seeds) < LEAST_FOR_INTERVAL:
        for number in sorted(seeds):
            _draw_line(ax, line_of({number: seeds[number]}, axis), METHOD, 0.35)
    _draw_line(ax, line, METHOD)
    if line.mean:
        ax.annotate(
            f"{100 * line.mean[-1]:.0f} %", (0.97, 0.93), xycoords="axes fraction",
            ha="right", va="top", color=METHOD,
        )  # fmt: skip


def _draw_line(ax: Axes, line: Line, colour: str, alpha: float = 1.0, band: bool = True) -> None:
    ax.plot(line.x, line.mean, color=colour, linewidth=1.3, alpha=alpha)
    if band:
        ax.fill_between(line.x, line.low, line.high, color=colour, alpha=0.2, linewidth=0)


Surviving = tuple[Line, list[tuple[float, float]], str]


def survival_of(seeds: Seeds, axes: Sequence[Axis]) -> list[Surviving | None]:
    """Return the Kaplan-Meier estimate of the share of seeds that have not collapsed yet.

    Returns:
        Of each axis a line of steps, whose bounds are NaN where all have collapsed and no
        interval is defined; where on it the seeds that did not collapse were last seen; and k/n
        collapsed. None where no run tells enough of its steps.
    """
    keys = [axis.key for axis in axes]
    by_run = [seen_on_axes(run, keys) for _, run in sorted(seeds.items())]
    return [_survival([each for each in seen if each]) for seen in zip(*by_run, strict=True)]


def _survival(seen: Sequence[tuple[float | None, float]]) -> Surviving | None:
    if not seen:
        return None
    events, ends = [event for event, _ in seen], [end for _, end in seen]
    survival = kaplan_meier(events, ends)
    shares = [1.0, *survival.shares]
    defined = [np.nan if share == 0 else 1.0 for share in shares]
    bounds = ([1.0, *survival.low], [1.0, *survival.high])
    low, high = ([b * d for b, d in zip(bound, defined, strict=True)] for bound in bounds)
    line = Line(
        x=(0.0, *survival.times, max(ends)),
        mean=(*shares, shares[-1]),
        low=(*low, low[-1]),
        high=(*high, high[-1]),
    )
    left = [
        (end, shares[int(np.searchsorted(survival.times, end, "right"))])
        for event, end in seen
        if event is None
    ]
    return line, left, f"{sum(event is not None for event in events)}/{len(seen)}"


def _draw_survival(ax: Axes, seeds: Seeds, axis: Axis) -> None:
    (found,) = survival_of(seeds, [axis])
    if found is None:
        return
    line, left, collapsed = found
    ax.step(line.x, line.mean, where="post", color=METHOD, linewidth=1.3)
    ax.fill_between(line.x, line.low, line.high, step="post", color=METHOD, alpha=0.2, linewidth=0)
    for end, share in left:
        ax.plot(end, share, "|", color=METHOD, markersize=6, clip_on=False)
    ax.annotate(collapsed, (0.03, 0.07), xycoords="axes fraction", color=METHOD)


def _finish(ax: Axes, axis: Axis, last: float, first: bool, label: str) -> None:
    ax.set_ylim(-0.02, 1.04)
    ax.set_xlim(0, last)
    ax.set_yticks([0, 0.5, 1])
    ax.xaxis.set_major_locator(MaxNLocator(2))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.grid(alpha=0.25, linewidth=0.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelleft=first)
    if first:
        ax.set_xlabel(axis.label)
        ax.set_ylabel(label)


def _last(metrics: Metrics, axis: Axis) -> float:
    ends = [run[-1].get(axis.key) for seeds in metrics.values() for run in seeds.values()]
    return max([float(end) for end in ends if end is not None], default=0.0) or 1.0


def _legend(metrics: Metrics, start: float | None) -> str:
    parts = [
        f"success on validation with its 95 % t interval over seeds (from {LEAST_FOR_INTERVAL})"
    ]
    if start is not None:
        parts.append(f"dashed: start, {100 * start:.0f} %")
    if BASELINE in metrics and len(metrics) > 1:
        parts.append(f"grey: {BASELINE}")
    survival = "bottom: Kaplan-Meier estimate of the seeds that have not collapsed, | censored"
    return f"{'; '.join(parts)}\n{survival}, k/n collapsed"


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and isfinite(value)
