import math

import pytest

from arlarena_bench.report.curves import STEPS, UPDATES, line_of
from arlarena_bench.report.heatmaps import DIAGNOSTICS, series
from arlarena_bench.report.metrics import Metrics, Record
from arlarena_bench.site.curve_data import diagnostics, overview
from arlarena_bench.site.palette import strokes
from arlarena_bench.statistics import mean_interval

STROKES = strokes([])


def run(kl: float, steps: int = 20, costs: bool = True) -> list[Record]:
    found: list[Record] = []
    for step in range(steps + 1):
        record: dict[str, float] = {"step": step}
        if costs:
            record |= {"cost/updates": 4 * step, "cost/tokens": 1000 * step}
        if step % 10 == 0:
            record["validation/success"] = 0.1 + 0.01 * step
        if step:
            record |= {
                "success/train": 0.5,
                "format_valid": 0.9,
                "kl_ref": kl * step,
                "grad_norm": 1.0 + kl,
                "groups/zero_variance": 0.1,
            }
        found.append(record)
    return found


METRICS: Metrics = {
    "grpo": {0: run(0.1), 1: run(0.2), 2: run(0.4)},
    "sapo": {0: run(0.3), 1: run(0.5, steps=10)},
}


def chart(method: str, name: str, metrics: Metrics = METRICS) -> dict[str, object]:
    found = diagnostics(metrics, method, STROKES)
    assert found is not None
    return next(chart for chart in found["charts"] if chart["name"].startswith(name))


def test_bands_are_the_t_intervals_over_seeds() -> None:
    kl = next(what for what in DIAGNOSTICS if what.keys == ("kl_ref",))
    values = [series(seed, kl)[1][4] for seed in METRICS["grpo"].values()]
    low, high = mean_interval(values)
    main = chart("grpo", "KL to the start")["lines"][0]["main"]  # type: ignore[index]
    assert main["x"][4] == 20
    assert main["mean"][4] == pytest.approx(sum(values) / 3, rel=1e-3)
    assert main["low"][4] == pytest.approx(max(low, 0), rel=1e-3)
    assert main["high"][4] == pytest.approx(high, rel=1e-3)


def test_below_three_seeds_there_is_no_band_but_every_seed() -> None:
    lines = chart("sapo", "KL to the start")["lines"][0]  # type: ignore[index]
    assert set(lines["main"]["low"]) == {None}
    assert [len(seed["x"]) for seed in lines["seeds"]] == [20, 10]
    assert lines["baseline"]["x"]


def test_success_on_validation_is_the_line_of_the_figure() -> None:
    line = line_of(METRICS["grpo"], UPDATES)
    main = overview(METRICS, STROKES)["charts"][0]["lines"][0]["main"]
    assert main["x"] == [round(x) for x in line.x]
    assert main["mean"] == [pytest.approx(100 * mean, rel=1e-3) for mean in line.mean]


def test_tokens_are_the_second_axis_and_steps_the_only_one_without_costs() -> None:
    found = diagnostics(METRICS, "grpo", STROKES)
    assert found is not None
    assert [axis["label"] for axis in found["axes"]] == ["updates", "reply tokens"]
    older: Metrics = {"grpo": {0: run(0.1, costs=False)}}
    found = diagnostics(older, "grpo", STROKES)
    assert found is not None
    assert [axis["label"] for axis in found["axes"]] == [STEPS.label]


def test_survival_is_a_chart_of_steps() -> None:
    found = chart("grpo", "seeds not collapsed")
    assert found["name"] == "seeds not collapsed (Kaplan-Meier), 0/3 collapsed"
    assert found["stepped"] is True


def test_what_is_not_finite_or_was_not_recorded_is_not_drawn() -> None:
    odd: Metrics = {"grpo": {0: [{**record, "kl_ref": math.nan} for record in run(0.1)]}}
    found = diagnostics(odd, "grpo", STROKES)
    assert found is not None
    assert not any("KL" in chart["name"] for chart in found["charts"])
    assert diagnostics({}, "grpo", STROKES) is None
