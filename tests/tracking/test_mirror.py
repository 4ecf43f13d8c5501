"""Trackers mirror a run: the real packages, each step once, and a run that outlives them."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from signpost import signpost_recipe

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines
from arlarena_bench.recipe import Recipe
from arlarena_bench.tracking import trackers
from arlarena_bench.tracking.mirror import showing
from arlarena_bench.training.loop import train, train_until
from arlarena_bench.training.run import read_metrics


@pytest.fixture
def recipe() -> Recipe:
    return signpost_recipe(**{"train.iterations": 2})


def record(step: int) -> dict[str, float]:
    return {"step": step, "loss": 1 / (step + 1), "clipped": float("nan")}


class Kept:
    """A tracker that keeps what it is given."""

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


def test_a_name_that_is_none_gets_a_line(recipe: Recipe, tmp_path: Path) -> None:
    with (
        pytest.raises(ArenaError, match="unknown tracker 'tensorbord'; did you mean 'tensorboard'"),
        showing(["tensorbord"], recipe, tmp_path, pytest.fail),
    ):
        pass


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
    trackio = pytest.importorskip("trackio")
    monkeypatch.setattr("trackio.sqlite_storage.TRACKIO_DIR", tmp_path / "trackio")
    shown("trackio", recipe, tmp_path)
    (base,) = (tmp_path / "trackio").rglob("*.db")
    assert trackio.__version__
    with sqlite3.connect(base) as rows:
        found = rows.execute("SELECT step, metrics FROM metrics ORDER BY step").fetchall()
    assert [(step, json.loads(metrics)["loss"]) for step, metrics in found] == LOSSES


def test_wandb_has_each_step_once(recipe: Recipe, tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2
    from wandb.sdk.internal.datastore import DataStore

    shown("wandb", recipe, tmp_path)
    found, runs = [], set()
    files = sorted((tmp_path / "tracking" / "wandb").rglob("run-*.wandb"))
    assert len(files) == 2
    for path in files:
        store = DataStore()
        store.open_for_scan(str(path))
        while data := store.scan_data():
            message = wandb_internal_pb2.Record()
            message.ParseFromString(data)
            if message.HasField("run"):
                runs.add(message.run.run_id)
            if message.HasField("history"):
                items = {
                    item.key or "/".join(item.nested_key): json.loads(item.value_json)
                    for item in message.history.item
                }
                found.append((message.history.step.num, items["loss"]))
    assert sorted(found) == LOSSES
    assert len(runs) == 1
