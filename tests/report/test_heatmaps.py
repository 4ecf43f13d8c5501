import pytest

from arlarena_bench.report.heatmaps import Diagnostic, averaged, series


def test_smoothing_is_the_mean_of_the_steps_so_far() -> None:
    records = [{"step": s, "x": float(s)} for s in (1, 2, 3, 4)]
    steps, values = series(records, Diagnostic("x", ("x",), smooth=2))
    assert steps.tolist() == [1, 2, 3, 4]
    assert values.tolist() == [1.0, 1.5, 2.5, 3.5]


def test_a_diagnostic_sums_its_metrics_and_skips_steps_without_them() -> None:
    records = [
        {"step": 0, "validation/success": 0.2},
        {"step": 1, "x": 0.1, "y": 0.2},
        {"step": 2, "x": None, "y": 0.2},
        {"step": 3, "x": float("nan"), "y": 0.2},
    ]
    steps, values = series(records, Diagnostic("xy", ("x", "y")))
    assert steps.tolist() == [1]
    assert values == pytest.approx([0.3])


def test_seeds_are_averaged_as_far_as_they_got() -> None:
    seeds = [[{"step": s, "x": 1.0} for s in (1, 2, 3)], [{"step": s, "x": 3.0} for s in (1, 2)]]
    assert averaged(seeds, Diagnostic("x", ("x",))) == {1: 2.0, 2: 2.0, 3: 1.0}
