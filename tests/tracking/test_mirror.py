"""Trackers mirror a run: the real packages, each step once, and a run that outlives them."""

import json
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from signpost import signpost_recipe
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.engines.local import train, train_until
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines
from arlarena_bench.harness.plan import Request, plan
from arlarena_bench.recipe import Recipe
from arlarena_bench.tracking import trackers
from arlarena_bench.tracking.mirror import showing
from arlarena_bench.training.run import read_metrics


@pytest.fixture
def recipe() -> Recipe:
    return signpost_recipe(**{"train.iterations": 2})


def record(step: int) -> dict[str, float]:
    return {"step": step, "loss": 1 / (step + 1), "clipped": float("nan")}


class Kept(trackers.Tracker):
    """A tracker that keeps what it is given."""

    package = "json"
    made: list["Kept"]

    def __init__(self, run: trackers.Identity) -> None:
        self.run, self.seen, self.closed = run, [], False
        self.made.append(self)

    def log(self, step: int, metrics: Any) -> None:
        self.seen.append((step, dict(metrics)))
        if metrics.get("loss") == 1 / 3:
            raise OSError("disk full\nand more")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Kept]:
    Kept.made = []
    monkeypatch.setitem(trackers.TRACKERS, "kept", Kept)
    return Kept.made


def test_a_run_that_goes_on_shows_no_step_twice(
    recipe: Recipe, kept: list[Kept], tmp_path: Path
) -> None:
    warned: list[str] = []
    out = tmp_path / "run"
    with showing(["kept", "kept"], recipe, out, warned.append) as show:
        train_until(recipe, out, 1, on_step=show)
    # An interruption between a step's log and its checkpoint: the step is computed again.
    with showing(["kept"], recipe, out, warned.append) as show:
        show({"step": 1, "loss": 5.0})
        train(recipe, out, resume=True, on_step=show)
    with showing(["kept"], recipe, out, warned.append) as show:
        train(recipe, out, resume=True, on_step=show)  # it has ended: nothing is lacking
    first, second = kept
    assert [step for step, _ in first.seen + second.seen] == [0, 1, 2]
    assert first.run.id == second.run.id
    assert first.closed
    assert second.closed
    logged = read_metrics(out)
    for step, shown in first.seen + second.seen:
        finite = {n: v for n, v in logged[step].items() if n != "step" and v == v}
        assert shown == finite
    assert warned == []


def test_a_run_that_was_not_tracked_can_be_shown_afterwards(
    recipe: Recipe, kept: list[Kept], tmp_path: Path
) -> None:
    log = JsonLines(tmp_path / "metrics.jsonl")
    log.append({"step": 0, "loss": 1.0, "clipped": None})
    log.append({"step": 1, "loss": 0.5, "clipped": None})
    with showing(["kept"], recipe, tmp_path, pytest.fail):
        pass
    assert [tracker.seen for tracker in kept] == [[(0, {"loss": 1.0}), (1, {"loss": 0.5})]]


def test_a_tracker_that_fails_is_left_with_a_line(
    recipe: Recipe, kept: list[Kept], tmp_path: Path
) -> None:
    warned: list[str] = []
    log = JsonLines(tmp_path / "metrics.jsonl")
    with showing(["kept"], recipe, tmp_path, warned.append) as show:
        for step in range(5):
            log.append({"step": step, "loss": 1 / (step + 1)})
            show(record(step))
    assert warned == ["kept mirrors no further steps: disk full"]
    assert [step for step, _ in kept[0].seen] == [0, 1, 2]


def test_another_runs_folder_is_not_shown(recipe: Recipe, kept: list[Kept], tmp_path: Path) -> None:
    JsonLines(tmp_path / "metrics.jsonl").append({"step": 0, "loss": 1.0})
    with (
        pytest.raises(ArenaError, match="holds no run"),
        showing(["kept"], recipe, tmp_path, pytest.fail) as show,
    ):
        train(recipe, tmp_path, on_step=show)
    assert kept == []


def refused(name: str, command: str) -> str:
    done = CliRunner().invoke(app, [command, "--out", "nowhere", "--track", name])
    assert (done.exit_code, done.stdout) == (2, "")
    assert not Path("nowhere").exists()
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", ["train", "bench"])
def test_a_tracker_that_is_not_there_gets_a_line_before_anything_runs(
    command: str, kept: list[Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "unknown tracker 'tensorbord'; did you mean 'tensorboard'" in refused(
        "tensorbord", command
    )
    monkeypatch.setattr(Kept, "package", "no_such_package")
    assert "kept is not installed: pip install 'arlarena-bench[trackers]'" in refused(
        "kept", command
    )


def test_a_bench_hands_trackers_to_its_runs(tmp_path: Path) -> None:
    asked = Request("nano", "sokoban", ("grpo",), 1, tmp_path, track=("wandb", "trackio"))
    (job,) = plan(asked).jobs
    assert job.arguments[-4:] == ("--track", "wandb", "--track", "trackio")


def shown(name: str, recipe: Recipe, folder: Path) -> None:
    """Three steps, interrupted after the second."""
    log = JsonLines(folder / "metrics.jsonl")
    for steps in (range(2), range(1, 3)):
        with showing([name], recipe, folder, pytest.fail) as show:
            for step in steps:
                if step not in read_metrics(folder):
                    log.append({"step": step, "loss": 1 / (step + 1)})
                show(record(step))


LOSSES = [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]


def test_tensorboard_has_each_step_once(recipe: Recipe, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    shown("tensorboard", recipe, tmp_path)
    events = EventAccumulator(str(tmp_path / "tracking" / "tensorboard"))
    events.Reload()
    assert events.Tags()["scalars"] == ["loss"]
    assert [(e.step, e.value) for e in events.Scalars("loss")] == LOSSES


def test_trackio_has_each_step_once(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trackio")
    monkeypatch.setattr("trackio.sqlite_storage.TRACKIO_DIR", tmp_path / "trackio")
    shown("trackio", recipe, tmp_path)
    (base,) = (tmp_path / "trackio").rglob("*.db")
    with sqlite3.connect(base) as rows:
        found = rows.execute("SELECT step, metrics FROM metrics ORDER BY step").fetchall()
    assert [(step, json.loads(metrics)["loss"]) for step, metrics in found] == LOSSES


def kept_by_wandb(path: Path) -> Iterator[bytes]:
    """The records of a file: LevelDB's log format behind a header of seven bytes."""
    content, place, record = path.read_bytes(), 7, b""
    while place < len(content):
        if -place % 32768 < 7:  # no header fits into the rest of the block
            place += -place % 32768
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        record += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


def test_wandb_has_each_step_once(recipe: Recipe, tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2

    shown("wandb", recipe, tmp_path)
    found, runs = [], set()
    files = sorted((tmp_path / "tracking" / "wandb").rglob("run-*.wandb"))
    assert len(files) == 2
    for path in files:
        for record in kept_by_wandb(path):
            message = wandb_internal_pb2.Record()
            message.ParseFromString(record)
            if message.HasField("run"):
                runs.add(message.run.run_id)
            if message.HasField("history"):
                items = {
                    item.key or "/".join(item.nested_key): json.loads(item.value_json)
                    for item in message.history.item
                }
                found.append((items["_step"], items["loss"]))
    assert sorted(found) == LOSSES
    assert len(runs) == 1
