import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from arlarena_bench.harness.progress import BenchProgress, Display, RunProgress, cloning_view


def write_metrics(folder: Path, steps: int, tail: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, float]] = [{"step": 0, "validation/success": 0.1}]
    lines += [{"step": s, "success/train": s / 100} for s in range(1, steps + 1)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text + tail)


def bench(runs: list[RunProgress], **changes: float) -> BenchProgress:
    fields = {"finished": 0, "failed": 0, "elapsed": 60.0, "done_before": 0} | changes
    return BenchProgress(runs=runs, running=runs[:1], **fields)  # type: ignore[arg-type]


def test_progress_is_read_from_the_log_of_the_run(tmp_path: Path) -> None:
    write_metrics(tmp_path, 20, tail='{"step": 21, "succ')
    run = RunProgress("grpo seed 0", tmp_path, 50)
    run.refresh()
    assert run.step == 20
    # The mean of the last ten steps: 0.11 to 0.20.
    assert run.train_success == pytest.approx(0.155)
    assert run.validation_success == 0.1


def test_a_run_that_has_not_begun_or_has_a_damaged_log_shows_nothing(tmp_path: Path) -> None:
    run = RunProgress("grpo seed 0", tmp_path, 50)
    run.refresh()
    assert (run.step, run.train_success) == (0, None)
    (tmp_path / "metrics.jsonl").write_text("garbage\n")
    run.refresh()
    assert run.step == 0


def test_time_left_follows_from_the_steps_of_this_bench(tmp_path: Path) -> None:
    runs = [RunProgress("a", tmp_path, 50, step=40), RunProgress("b", tmp_path, 50)]
    # 30 of the 40 steps were done in these 60 seconds: 2 seconds a step, 60 left.
    state = bench(runs, done_before=10)
    assert state.seconds_left() == pytest.approx(120)
    assert state.seconds_left(runs[0]) == pytest.approx(20)


def test_two_runs_at_a_time_each_take_twice_as_long(tmp_path: Path) -> None:
    runs = [RunProgress("a", tmp_path, 50, step=30), RunProgress("b", tmp_path, 50, step=30)]
    state = BenchProgress(runs, runs, 0, 0, elapsed=60.0, done_before=0)
    assert state.seconds_left(runs[0]) == pytest.approx(40)
    assert state.seconds_left() == pytest.approx(40)


def test_before_the_first_step_time_left_is_unknown(tmp_path: Path) -> None:
    assert bench([RunProgress("a", tmp_path, 50)]).seconds_left() is None


def test_no_time_is_left_for_a_run_that_ended_early(tmp_path: Path) -> None:
    write_metrics(tmp_path, 20)
    run = RunProgress("a", tmp_path, 50)
    run.ended()
    assert bench([run]).seconds_left() == 0


def test_without_a_terminal_a_plain_line_is_printed_now_and_then(tmp_path: Path) -> None:
    out = io.StringIO()
    run = RunProgress("grpo seed 0", tmp_path, 50, 25, 0.52, 0.48)
    state = bench([run], failed=1)
    with Display(Console(file=out), interval=0) as display:
        display.show(state.view(), state.line())
    assert out.getvalue() == (
        "1:00  0/1 runs finished, 1 failed, 1:00 left | "
        "grpo seed 0 25/50, train 52 %, validation 48 %\n"
    )
    with Display(Console(file=out), interval=60) as display:
        display.show(state.view(), "again")
    assert "again" not in out.getvalue()


def test_on_a_terminal_a_row_for_each_running_run_and_one_for_all(tmp_path: Path) -> None:
    out = io.StringIO()
    runs = [
        RunProgress("grpo seed 0", tmp_path, 50, 25, 0.52, 0.48),
        RunProgress("sampo seed 0", tmp_path, 50),
    ]
    state = bench(runs)
    with Display(Console(file=out, force_terminal=True, width=100)) as display:
        display.show(state.view(), "a line")
        display.say("failed: [red]")
    shown = out.getvalue()
    for text in ("grpo seed 0", "25/50", "52 %", "48 %", "0/2 runs", "failed: [red]"):
        assert text in shown
    assert "sampo" not in shown  # it is waiting
    assert "a line" not in shown


def test_cloning_is_shown_by_step_and_loss() -> None:
    view, line = cloning_view({"step": 30, "steps": 560, "loss": 0.5})
    assert line == "start policy: step 30/560, loss 0.500"
    out = io.StringIO()
    Console(file=out, width=80).print(view)
    assert "30/560" in out.getvalue()
