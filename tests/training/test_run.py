"""The folder of a run, with real processes that want it at the same time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import result_of, solving
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.record import FAILURE_FILE, FailureRecord, write_failure
from arlarena_bench.training.run import Run, finished_result, holds, read_metrics

TESTS = Path(__file__).parents[1]
HOLDER = """
import sys
from pathlib import Path
from signpost import signpost_recipe
from arlarena_bench.training.run import Run

out = Path(sys.argv[1])
with Run.open(out, signpost_recipe(), resume=True) as run:
    run.log(0, {"loss": 1.0}, {})
    with (out / "metrics.jsonl").open("a") as file:
        file.write('{"step": 1, "lo')
    print("held", flush=True)
    sys.stdin.read()
"""


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def live(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process, in the middle of a line of the run in `tmp_path / "run"`."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.usefixtures("live")
def test_a_live_run_is_not_touched_by_another_process(tmp_path: Path) -> None:
    out, recipe = tmp_path / "run", signpost_recipe()
    before = snapshot(out)
    with pytest.raises(ArenaError, match="is being written by another process") as caught:
        Run.open(out, recipe, resume=True).__enter__()
    assert "\n" not in str(caught.value)
    with pytest.raises(ArenaError, match="already holds this run"):
        Run.open(out, recipe, resume=False).__enter__()
    assert holds(out, recipe)
    assert finished_result(out) is None
    assert list(read_metrics(out)) == [0]
    assert snapshot(out) == before


def test_the_lock_of_a_killed_process_lets_go(
    live: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    live.send_signal(signal.SIGKILL)
    live.wait()
    with Run.open(tmp_path / "run", signpost_recipe(), resume=True) as run:
        assert run.logged == {0: {"step": 0, "loss": 1.0}}
    text = (tmp_path / "run" / "metrics.jsonl").read_text()
    assert text == '{"loss": 1.0, "step": 0}\n', "the torn line is cut by who holds the folder"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArenaError, match=r"cannot write .*file/run: "):
        Run.open(tmp_path / "file" / "run", signpost_recipe(), resume=False).__enter__()


def test_a_run_does_not_go_on_from_another_start_policy(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", signpost_recipe(), resume=False) as run:
        run.begin_from("a" * 64)
        run.begin_from("a" * 64)
        with pytest.raises(ArenaError, match=r"began from the start policy aaaa.*another --out"):
            run.begin_from("b" * 64)


def test_a_failure_is_left_until_the_run_has_finished(tmp_path: Path) -> None:
    result = result_of("grpo", 0, solving(5))
    failure = FailureRecord(recipe=result.recipe, reason="killed", command="arlarena train")
    write_failure(tmp_path, failure)
    assert not holds(tmp_path, result.recipe)  # it failed before it had a folder
    with Run.open(tmp_path, result.recipe, resume=True) as run:
        assert (tmp_path / FAILURE_FILE).exists()
        run.finish(result)
    assert not (tmp_path / FAILURE_FILE).exists()


def test_steps_that_are_made_anew_are_forgotten(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", signpost_recipe(), resume=False) as run:
        for step in range(4):
            run.log(step, {"loss": float(step)}, {"wall_s": 1.0, "wall_s/update": 0.5})
        run.rewind(2)
        run.log(3, {"loss": 7.0}, {"wall_s": 1.0, "wall_s/update": 0.5})
        assert [metrics["loss"] for metrics in run.logged.values()] == [0.0, 1.0, 2.0, 7.0]
        assert run.cpu_seconds() is None, "many processes: only the clock is known"
    assert [line["loss"] for line in read_metrics(tmp_path / "run").values()] == [0, 1, 2, 7]
