from pathlib import Path

import pytest
from runs import result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.metrics import find_metrics


def test_results_hold_what_the_logs_hold(bench: Path) -> None:
    logged, _ = find_metrics(bench)
    for path in bench.rglob("metrics.jsonl"):
        path.unlink()
    kept, problems = find_metrics(bench)
    assert problems == []
    assert kept == logged


def test_damaged_metrics_are_named_and_left_out(bench: Path) -> None:
    (bench / "sampo" / "seed-0" / "metrics.jsonl").write_text("garbage\n")
    (bench / "grpo" / "seed-0" / "metrics.jsonl").write_text("")
    metrics, problems = find_metrics(bench)
    assert {name: len(seeds) for name, seeds in metrics.items()} == {"grpo": 2, "sampo": 1}
    assert len(problems) == 1
    assert "sampo" in problems[0]


def test_benches_are_not_drawn_into_one_figure(tmp_path: Path) -> None:
    for preset in ("nano", "nano-stress"):
        write_run(tmp_path / preset / "sokoban", result_of("grpo", 0, solving(5)))
    with pytest.raises(ArenaError, match=r"holds several benches.*nano-stress/sokoban"):
        find_metrics(tmp_path)
    assert list(find_metrics(tmp_path / "nano")[0]) == ["grpo"]
    # The same of what results alone hold.
    for path in tmp_path.rglob("metrics.jsonl"):
        path.unlink()
    with pytest.raises(ArenaError, match=r"holds several benches.*nano-stress/sokoban"):
        find_metrics(tmp_path)
    assert list(find_metrics(tmp_path / "nano")[0]) == ["grpo"]


def test_a_lone_run_is_named_after_its_folder(bench: Path, tmp_path: Path) -> None:
    (bench / "grpo" / "seed-0").rename(tmp_path / "alone")
    assert list(find_metrics(tmp_path / "alone")[0]) == ["alone"]
