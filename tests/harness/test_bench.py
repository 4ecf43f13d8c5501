import io
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console
from runs import FAILING_METHOD_FILE, METHOD_FILE, TINY

from arlarena_bench.harness.bench import run_bench
from arlarena_bench.harness.plan import Plan, Request, is_finished, jobs_of, plan
from arlarena_bench.harness.processes import Failure
from arlarena_bench.harness.references import write_references
from arlarena_bench.record import FAILURE_FILE, RESULT_FILE, read_failure, read_result
from arlarena_bench.report.finding import find_runs
from arlarena_bench.report.writing import write_report, write_suite

pytestmark = pytest.mark.usefixtures("own_cache")


def bench(planned: Plan) -> tuple[list[Failure], str]:
    out = io.StringIO()
    failures = run_bench(planned.jobs, 2, Console(file=out, width=200))
    return failures, out.getvalue()


def test_a_bench_trains_reports_and_is_not_done_twice(tmp_path: Path) -> None:
    good, bad = tmp_path / "mine.py", tmp_path / "broken.py"
    good.write_text(METHOD_FILE)
    bad.write_text(FAILING_METHOD_FILE)
    methods = ("grpo", str(bad), str(good))
    request = Request("nano", "sokoban", methods, 1, tmp_path / "out", TINY)
    planned = plan(request)

    failures, said = bench(planned)
    assert "building the start policy of sokoban once" in said
    (failure,) = failures
    assert failure.name == "broken (file) seed 0"
    assert "no idea which" in failure.log.read_text()
    assert "no idea which" in failure.reason
    left = read_failure(planned.jobs[1].folder / FAILURE_FILE)
    assert (left.name, left.recipe) == (failure.name, planned.jobs[1].recipe)
    assert left.reason == failure.reason.removeprefix("error: ")
    assert left.log[-1] == failure.reason
    assert left.command.startswith("arlarena train --preset nano")

    # What failed did not stop the others, and the table has them, below what they are measured by.
    lines: list[str] = []
    write_references(planned.folder, lines.append)
    assert lines == [
        "playing the start policy of seed 0 on the panel",
        "playing the policy expert on the panel",
        "playing the policy random on the panel",
    ]
    table, command, problems = write_report(planned.folder, planned.command_of)
    assert table is not None
    assert problems == []
    assert [row.method for row in table.rows] == [
        "start", "expert", "random", "grpo", "mine (file)",
    ]  # fmt: skip
    stability = table.rows[3].stability
    assert stability is not None
    assert stability.ended_below_start is not None
    assert table.rows[1].success > table.rows[2].success
    assert command.startswith(f"arlarena bench --preset nano --env sokoban --method grpo,{good}")
    written = sorted(path.name for path in planned.folder.iterdir() if path.is_file())
    figures = [f"curves{name}.{kind}" for name in ("-diagnostics", "") for kind in ("png", "svg")]
    assert written == [*figures, "table.md"]
    text = (planned.folder / "table.md").read_text()
    assert "| grpo " in text
    assert f"- broken (file) seed 0 failed and is not in these numbers: {left.reason}" in text

    # Finished runs are recognised, whatever else is asked for.
    stamps = {run.source: run.source.stat().st_mtime_ns for run in find_runs(planned.folder)[0]}
    again = plan(Request("nano", "sokoban", ("grpo", str(good)), 1, tmp_path / "out", TINY))
    failures, said = bench(again)
    assert failures == []
    assert "2 of 2 runs are finished already" in said
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}
    write_references(again.folder, lines.append)
    assert len(lines) == 3, "what was played is kept"
    assert write_report(again.folder, again.command_of)[1] == command


def test_runs_of_several_environments_share_one_view(tmp_path: Path) -> None:
    settings = (*TINY, "cloning.seed=96")  # a start that no other test has cloned
    plans = [
        plan(Request("nano", name, ("grpo",), 1, tmp_path, settings))
        for name in ("sokoban", "webshop_mini")
    ]
    out = io.StringIO()
    assert run_bench(jobs_of(plans), 2, Console(file=out, width=200)) == []
    assert all(f"the start policy of {p.folder.name} once" in out.getvalue() for p in plans)
    tables = [table for p in plans if (table := write_report(p.folder, p.command_of)[0])]
    blocks = write_suite(plans[0].folder.parent, tables)
    written = (tmp_path / "nano" / "table.md").read_text(encoding="utf-8")
    assert written.count("| grpo ") >= len(blocks)
    assert all(p.folder.name in written for p in plans)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT between processes there")
def test_an_interrupted_bench_goes_on_to_the_same_results(tmp_path: Path) -> None:
    settings = (*TINY, "train.iterations=20", "train.learning_rate=0.01")

    def request(out: str) -> Request:
        return Request("nano", "sokoban", ("grpo",), 1, tmp_path / out, settings)

    whole = plan(request("whole"))
    assert bench(whole)[0] == []

    halved = plan(request("halved"))
    process, said = interrupt_after(2, halved)
    assert process.returncode == 130
    assert "the same command goes on from here" in said
    steps = len((halved.jobs[0].folder / "metrics.jsonl").read_text().splitlines())
    assert 2 <= steps < 21
    time.sleep(1)  # had the run outlived its bench, it would still be writing
    assert len((halved.jobs[0].folder / "metrics.jsonl").read_text().splitlines()) == steps

    assert not is_finished(halved.jobs[0])
    assert bench(halved)[0] == []
    metrics = [(p.folder / "grpo/seed-0/metrics.jsonl").read_bytes() for p in (whole, halved)]
    assert metrics[0] == metrics[1]
    results = [read_result(p.folder / "grpo/seed-0" / RESULT_FILE) for p in (whole, halved)]
    # All but the time it took.
    apart = {"cost": {"cpu_seconds"}}
    assert results[0].model_dump(exclude=apart) == results[1].model_dump(exclude=apart)


def interrupt_after(lines: int, planned: Plan) -> tuple[subprocess.CompletedProcess[str], str]:
    """Start the bench as a user does, and press Ctrl-C once its run has logged some steps."""
    request = planned.request
    command = [sys.executable, "-m", "arlarena_bench", "bench", "--method", "grpo", "--seeds", "1"]
    command += ["--out", str(request.out)]
    for setting in request.settings:
        command += ["--set", setting]
    log = planned.jobs[0].folder / "metrics.jsonl"
    # A test suite in the background ignores Ctrl-C, and so would its children.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    while process.poll() is None:
        if log.exists() and len(log.read_text().splitlines()) >= lines:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode), said
