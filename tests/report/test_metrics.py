from pathlib import Path

import pytest
from runs import result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.metrics import FILE, find_metrics, read_csv, write_csv


def test_one_file_holds_what_the_folders_hold(bench: Path, tmp_path: Path) -> None:
    metrics, _ = find_metrics(bench)
    write_csv(metrics, tmp_path / FILE)
    again, problems = find_metrics(tmp_path)
    assert problems == []
    assert {name: sorted(seeds) for name, seeds in again.items()} == {
        name: sorted(seeds) for name, seeds in metrics.items()
    }
    for method, seeds in metrics.items():
        for seed, records in seeds.items():
            for before, after in zip(records, again[method][seed], strict=True):
                assert after == pytest.approx(before, rel=1e-5)


def test_a_metric_that_a_step_lacks_stays_absent(tmp_path: Path) -> None:
    records = [{"step": 0, "validation/success": 0.25}, {"step": 1, "loss": None, "x": 1.0}]
    write_csv({"grpo": {3: records}}, tmp_path / FILE)
    assert read_csv(tmp_path / FILE) == {
        "grpo": {3: [{"step": 0, "validation/success": 0.25}, {"step": 1, "x": 1.0}]}
    }


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "method,seed,step\ngrpo,x,1\n", "method\ng\n"])
def test_a_foreign_csv_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ArenaError, match=r"metrics.csv, line 2: not a line of metrics"):
        find_metrics(tmp_path)


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


def test_a_lone_run_is_named_after_its_folder(bench: Path, tmp_path: Path) -> None:
    (bench / "grpo" / "seed-0").rename(tmp_path / "alone")
    assert list(find_metrics(tmp_path / "alone")[0]) == ["alone"]
