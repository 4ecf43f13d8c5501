import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.metrics import find_metrics
from arlarena_bench.report.plot import plot

WRITTEN = ["curves.png", "curves.svg", "curves-diagnostics.png", "curves-diagnostics.svg"]


def test_the_same_metrics_give_the_same_bytes(bench: Path, tmp_path: Path) -> None:
    metrics, problems = find_metrics(bench)
    assert problems == []
    first = plot(metrics, tmp_path / "a" / "curves", "sokoban")
    again = plot(metrics, tmp_path / "b" / "curves", "sokoban")
    assert [path.name for path in first] == WRITTEN
    assert first[0].read_bytes().startswith(b"\x89PNG")
    ElementTree.parse(first[1])
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_each_figure_follows_its_metrics(bench: Path, tmp_path: Path) -> None:
    metrics, _ = find_metrics(bench)
    before = plot(metrics, tmp_path / "before", "sokoban")
    metrics["grpo"][0] = [{**record, "entropy": 9.0} for record in metrics["grpo"][0]]
    after = plot(metrics, tmp_path / "after", "sokoban")
    assert before[1].read_bytes() == after[1].read_bytes()
    assert before[3].read_bytes() != after[3].read_bytes()


@pytest.mark.filterwarnings("error")  # a layout that does not fit is a warning
def test_every_method_has_panels_of_its_own(bench: Path, tmp_path: Path) -> None:
    metrics, _ = find_metrics(bench)
    many = {f"method{i}": metrics["grpo"] for i in range(16)}
    for figure in plot(many, tmp_path / "curves", "sokoban")[1::2]:
        text = figure.read_text()
        assert all(f"<!-- {name} -->" in text for name in many)


def test_a_gradient_of_zero_does_not_break_the_logarithm(bench: Path, tmp_path: Path) -> None:
    path = bench / "sampo" / "seed-0" / "metrics.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records[20:]:
        record["grad_norm"] = 0.0
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert len(plot(find_metrics(bench)[0], tmp_path / "curves", "sokoban")) == 4


def test_runs_that_have_barely_begun_can_be_drawn(tmp_path: Path) -> None:
    metrics = {"grpo": {0: [{"step": 0, "validation/success": 0.2}]}}
    assert len(plot(metrics, tmp_path / "curves", "sokoban")) == 4


def test_nothing_to_draw_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="no metrics to draw"):
        plot(find_metrics(tmp_path)[0], tmp_path / "curves", "sokoban")
