import math
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from arlarena_bench.report.curves import (
    STEPS,
    TOKENS,
    UPDATES,
    axes_of,
    draw_curves_by_method,
    line_of,
    start_of,
)
from arlarena_bench.report.metrics import Metrics, Record, find_metrics
from arlarena_bench.statistics import mean_interval


def run(*success: float, tokens: float = 1000, collapse: bool = False) -> list[Record]:
    """A run evaluated every 10 steps, with 4 updates and so many tokens a step."""
    found: list[Record] = []
    for step in range(10 * len(success) - 9):
        gone = collapse and step > 10
        record: dict[str, float] = {
            "step": step,
            "cost/updates": 4 * step,
            "cost/tokens": tokens * step,
        }
        if step % 10 == 0:
            record["validation/success"] = success[step // 10]
        if step:
            record |= {
                "success/train": 0.0 if gone else 0.5,
                "format_valid": 0.0 if gone else 1.0,
                "groups/zero_variance": 1.0 if gone else 0.2,
            }
        found.append(record)
    return found


METRICS: Metrics = {
    "grpo": {0: run(0.1, 0.3, 0.5), 1: run(0.2, 0.4, 0.5), 2: run(0.3, 0.5, 0.8)},
    "dapo_grpo": {0: run(0.1, 0.3, 0.5, tokens=2000), 1: run(0.2, 0.6, 0.7, tokens=3000)},
    "cispo": {s: run(0.2, 0.0, 0.0, collapse=s < 2) for s in range(3)},
}


def panels(metrics: Metrics) -> dict[str, list[Axes]]:
    """The panels of each method, from above."""
    axes = draw_curves_by_method(metrics, "x").axes
    columns = len(metrics)
    return {
        axes[column].get_title(): [axes[row * columns + column] for row in range(3)]
        for column in range(columns)
    }


def test_success_is_drawn_against_updates_and_tokens() -> None:
    assert axes_of(METRICS) == [UPDATES, TOKENS]
    line = line_of(METRICS["dapo_grpo"], TOKENS)
    assert line.x == (0, 25_000, 50_000)
    assert line.mean == pytest.approx((0.15, 0.45, 0.6))
    assert all(math.isnan(bound) for bound in line.low)  # two seeds
    assert line_of(METRICS["dapo_grpo"], UPDATES).x == (0, 40, 80)


def test_the_band_is_the_t_interval_over_seeds() -> None:
    line = line_of(METRICS["grpo"], UPDATES)
    low, high = mean_interval([0.3, 0.4, 0.5])
    assert (line.low[1], line.high[1]) == (low, high)
    assert line.high[2] == 1.0  # cut


def test_without_costs_success_is_drawn_against_steps(bench: Path) -> None:
    assert axes_of(find_metrics(bench)[0]) == [STEPS]


def test_the_start_is_what_runs_were_before_training() -> None:
    # Three seeds of each method, two of DAPO.
    assert start_of(METRICS) == pytest.approx((0.1 + 0.2 + 0.3 + 0.1 + 0.2 + 3 * 0.2) / 8)
    assert start_of({"grpo": {0: run(0.1, 0.2)[1:]}}) is None


def test_survival_is_kaplan_meiers() -> None:
    found = panels(METRICS)
    cispo, grpo = found["cispo"][2], found["grpo"][2]
    steps = [line for line in cispo.lines if line.get_drawstyle() == "steps-post"]
    assert steps[0].get_ydata()[-1] == pytest.approx(1 / 3)
    assert 40 < steps[0].get_xdata()[1] < 80  # after update 40, when it is gone
    assert [text.get_text() for text in cispo.texts] == ["2/3"]
    assert [text.get_text() for text in grpo.texts] == ["0/3"]
    censored = [line for line in grpo.lines if line.get_marker() == "|"]
    assert [float(line.get_xdata()[0]) for line in censored] == [80, 80, 80]


def test_every_panel_has_the_start_and_others_the_baseline() -> None:
    found = panels(METRICS)
    dashed = [line for line in found["grpo"][0].lines if line.get_linestyle() == "--"]
    assert len(dashed) == 1
    # GRPO's own panel: its mean and the start; DAPO's: GRPO, two seeds, their mean, the start.
    assert len(found["grpo"][0].lines) == 2
    assert len(found["dapo_grpo"][0].lines) == 5
