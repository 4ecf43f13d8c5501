import io
import json
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from arlarena_bench.harness.progress import Display, RunProgress, step_line


def write_metrics(folder: Path, steps: int, tail: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, float]] = [{"step": 0, "validation/success": 0.1}]
    lines += [{"step": s, "success/train": s / 100} for s in range(1, steps + 1)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text + tail)


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


def test_a_run_that_ended_early_has_no_steps_left(tmp_path: Path) -> None:
    write_metrics(tmp_path, 20)
    run = RunProgress("a", tmp_path, 50)
    run.ended()
    assert (run.step, run.total) == (20, 20)


def test_without_a_terminal_a_plain_line_is_printed_now_and_then() -> None:
    out = io.StringIO()
    with Display(Console(file=out), interval=0) as display:
        total = display.add("all", 100)
        row = display.add("grpo seed 0", 50, 20)
        display.update(row, 25, "train 52 %, validation 48 %")
        display.update(total, 25, "0/2 runs finished, 1 failed")
        display.show()
        display.remove(row)
        display.show()
    first, second = (line.removeprefix("0:00:") for line in out.getvalue().splitlines())
    assert first[2:] == (
        "  all 25/100, 0/2 runs finished, 1 failed, – left; "
        "grpo seed 0 25/50, train 52 %, validation 48 %, – left"
    )
    assert second[2:] == "  all 25/100, 0/2 runs finished, 1 failed, – left"
    with Display(Console(file=out), interval=60) as display:
        display.add("again", 1)
        display.show()
    assert "again" not in out.getvalue()


def test_time_left_follows_from_the_speed_of_late() -> None:
    out = io.StringIO()
    with Display(Console(file=out), interval=0) as display:
        row = display.add("grpo seed 0", 1000)
        for done in (1, 2):
            time.sleep(0.1)
            display.update(row, done, "")
        display.show()
    # A step a tenth of a second, 998 to go.
    left = re.search(r"2/1000, 0:0(\d):\d\d left", out.getvalue())
    assert left, out.getvalue()
    assert 1 <= int(left[1]) <= 5


def test_on_a_terminal_a_row_for_each_running_run_and_one_for_all() -> None:
    out = io.StringIO()
    with Display(Console(file=out, force_terminal=True, width=100)) as display:
        total = display.add("all", 100)
        row = display.add("[red] seed 0", 50)
        display.update(row, 25, "train 52 %, validation 48 %")
        display.update(total, 25, "0/2 runs finished")
        display.show()
        display.say("failed: [red]")
    shown = out.getvalue()
    for text in ("[red] seed 0", "25/50", "52 %", "48 %", "0/2 runs", "25/100", "failed: [red]"):
        assert text in shown


def test_how_well_a_run_does_is_said_in_words(tmp_path: Path) -> None:
    run = RunProgress("grpo seed 0", tmp_path, 50)
    assert run.note() == "train –, validation –"
    run.train_success, run.validation_success = 0.519, 0.48
    assert run.note() == "train 52 %, validation 48 %"


def test_the_gap_of_another_sampler_is_told() -> None:
    gap = {"sampler/kl": 3e-13, "sampler/gap_max": 2.56e-5, "sampler/ess": 0.9999}
    told = "sampler KL 3.0e-13, most 2.6e-05, ESS 1.000"
    assert step_line({"step": 2, "kl_ref": 0.1, **gap}) == f"step 2: KL 0.100, {told}"
