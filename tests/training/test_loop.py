"""The training loop as a whole, on a game that a tiny model learns in seconds."""

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from signpost import Signpost, signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.outage import OutageError
from arlarena_bench.training.loop import train

TESTS = Path(__file__).parents[1]
SCRIPT = """
import os, signal, sys
from pathlib import Path
from signpost import Signpost, signpost_recipe
from arlarena_bench import files
from arlarena_bench.training.loop import train

def dying(function, countdown):
    def call(*arguments):
        nonlocal countdown
        countdown -= 1
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)
    return call

out, moment, countdown = sys.argv[1], sys.argv[2], int(sys.argv[3])
if moment == "append":
    files.JsonLines.append = dying(files.JsonLines.append, countdown)
elif moment:
    setattr(os, moment, dying(getattr(os, moment), countdown))
train(signpost_recipe(), Path(out), resume=True)
"""
RESULTS = ("metrics.jsonl", "result.json", "episodes/test.jsonl.gz", "model/model.safetensors")


def run(out: Path, moment: str = "", countdown: int = 0, hash_seed: str = "0") -> int:
    """Train in a process of its own, which kills itself at the n-th such call; return its code."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", SCRIPT, str(out), moment, str(countdown)]
    return subprocess.run(command, env=environment, cwd=out.parent, check=False).returncode


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(signpost_recipe(), out)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


def metrics(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_every_step_is_logged_with_every_metric(finished: Path) -> None:
    steps = metrics(finished)
    assert [step["step"] for step in steps] == list(range(7))
    evaluated = [step["step"] for step in steps if "validation/success" in step]
    assert evaluated == [0, 3, 6]
    names = {frozenset(n for n in s if not n.startswith("validation/")) for s in steps[1:]}
    assert len(names) == 1, "every step must have the same metrics"
    assert {"success/train", "kl_old", "kl_ref", "grad_norm", "entropy", "format_valid"} <= next(
        iter(names)
    )


# Before anything is written, between a log line and its checkpoint, in the middle of writing a
# checkpoint, before its rename, and before the result.
KILLS = [("replace", 1), ("append", 1), ("append", 5), ("fsync", 1), ("replace", 1), ("append", 7)]


def test_killed_again_and_again_a_run_ends_the_same(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    for moment, countdown in KILLS:
        assert run(out, moment, countdown) == -signal.SIGKILL
    assert not (out / "result.json").exists()
    assert run(out) == 0
    assert contents(out) == contents(finished)


def test_another_process_gives_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "out", hash_seed="4321") == 0
    assert contents(tmp_path / "out") == contents(finished)


def test_training_learns(tmp_path: Path) -> None:
    recipe = signpost_recipe(**{"train.iterations": 30, "evaluation.every": 30})
    train(recipe, tmp_path / "run")
    first, *_, last = metrics(tmp_path / "run")
    assert first["validation/success"] < 0.4
    assert last["validation/success"] > first["validation/success"] + 0.4


def test_a_finished_run_is_returned_as_it_is(finished: Path) -> None:
    before = contents(finished)
    result = train(signpost_recipe(), finished, resume=True)
    assert result == json.loads(before["result.json"])
    assert contents(finished) == before


def test_a_folder_with_a_run_is_not_overwritten(finished: Path) -> None:
    with pytest.raises(ArenaError, match="already holds this run; pass --resume"):
        train(signpost_recipe(), finished)
    other = signpost_recipe(**{"train.learning_rate": 0.5})
    with pytest.raises(ArenaError, match=r"train.learning_rate is 0.003 there, 0.5 here"):
        train(other, finished, resume=True)


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ArenaError, match="is not empty and holds no run"):
        train(signpost_recipe(), tmp_path, resume=True)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def interrupted(finished: Path, out: Path) -> Path:
    """A copy of the finished run as it was before its end."""
    for path in finished.rglob("*"):
        target = out / path.relative_to(finished)
        if path.is_file() and path.name != "result.json":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return out


def test_a_damaged_checkpoint_is_passed_over_and_said(finished: Path, tmp_path: Path) -> None:
    out = interrupted(finished, tmp_path / "run")
    newest = max((out / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    lines: list[str] = []
    train(signpost_recipe(), out, resume=True, warn=lines.append)
    assert len(lines) == 1
    assert f"{newest} is damaged" in lines[0]
    assert contents(out) == contents(finished)


def test_without_a_whole_checkpoint_a_run_begins_anew(finished: Path, tmp_path: Path) -> None:
    out = interrupted(finished, tmp_path / "run")
    for path in (out / "checkpoints").iterdir():
        path.write_bytes(b"")
    lines: list[str] = []
    train(signpost_recipe(), out, resume=True, warn=lines.append)
    assert len(lines) == 2
    assert contents(out) == contents(finished)


def test_a_log_that_does_not_repeat_is_refused(finished: Path, tmp_path: Path) -> None:
    out = interrupted(finished, tmp_path / "run")
    steps = metrics(out)
    steps[6]["loss"] += 1.0
    text = "".join(json.dumps(step, sort_keys=True) + "\n" for step in steps)
    (out / "metrics.jsonl").write_text(text)
    max((out / "checkpoints").iterdir()).unlink()
    with pytest.raises(ArenaError, match=r"step 6 does not repeat as logged \(loss"):
        train(signpost_recipe(), out, resume=True)


def test_the_result_can_be_recomputed_from_its_episodes(finished: Path) -> None:
    result = json.loads((finished / "result.json").read_text())
    rows = result["episodes"]
    assert len(rows) == result["panel"]["tasks"] == 64
    assert result["summary"]["success"] == sum(row["success"] for row in rows) / 64
    assert result["summary"]["reward"] == pytest.approx(sum(r["reward"] for r in rows) / 64)
    turns = sum(row["turns"] for row in rows)
    weighted = sum(row["reward"] * row["turns"] for row in rows) / turns
    assert result["summary"]["reward_turn_weighted"] == pytest.approx(weighted)
    with gzip.open(finished / "episodes" / "test.jsonl.gz", "rt") as file:
        recorded = [json.loads(line) for line in file]
    assert [sum(line["rewards"]) for line in recorded] == pytest.approx(
        [row["reward"] for row in rows]
    )
    assert [len(line["replies"]) for line in recorded] == [row["turns"] for row in rows]


def test_one_seed_moves_everything_and_nothing_else_does(finished: Path, tmp_path: Path) -> None:
    train(signpost_recipe(seed=1), tmp_path / "run")
    ours, theirs = metrics(finished), metrics(tmp_path / "run")
    assert ours[0] == theirs[0], "the start policy is the same for every seed"
    assert ours[1] != theirs[1]


def test_a_run_killed_before_its_first_step_can_go_on(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "recipe.yaml").write_bytes((finished / "recipe.yaml").read_bytes())
    (out / ".result.json.half").write_text("")
    train(signpost_recipe(), out, resume=True)
    assert contents(out) == contents(finished)
    assert "seed 0" in (out / "README.md").read_text()


def test_an_outage_stops_a_run_which_goes_on_as_if_nothing_had_been(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, act, left = tmp_path / "run", Signpost.act, 300

    def failing(env: Signpost, command: str) -> float:
        nonlocal left
        left -= 1
        if left == 0:
            raise OutageError("the weather service does not work (closed); wait for the sun")
        return act(env, command)

    monkeypatch.setattr(Signpost, "act", failing)
    with pytest.raises(OutageError, match="weather service"):
        train(signpost_recipe(), out)
    assert 0 < len((out / "metrics.jsonl").read_text().splitlines()) < 7
    assert not (out / "result.json").exists()
    train(signpost_recipe(), out, resume=True)
    assert contents(out) == contents(finished)
