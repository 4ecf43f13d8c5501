"""The training loop as a whole, on a game that a tiny model learns in seconds."""

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
from arlarena_bench.engines.local import train, train_until
from arlarena_bench.outage import OutageError
from arlarena_bench.record import RESULT_FILE, check, read_result
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.start import weights_digest

TESTS = Path(__file__).parents[1]
SCRIPT = """
import os, signal, sys
from pathlib import Path
from signpost import Signpost, signpost_recipe
from arlarena_bench import files
from arlarena_bench.engines.local import train

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
FILES = ("metrics.jsonl", "model/model.safetensors")


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


def contents(folder: Path) -> dict[str, object]:
    """All that a run leaves but the time it took."""
    result = read_result(folder / RESULT_FILE).model_dump(exclude={"cost": {"cpu_seconds"}})
    return {"result": result, **{name: (folder / name).read_bytes() for name in FILES}}


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
    assert not (out / RESULT_FILE).exists()
    assert run(out) == 0
    assert contents(out) == contents(finished)


def test_another_process_gives_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "out", hash_seed="4321") == 0
    assert contents(tmp_path / "out") == contents(finished)


def test_training_learns(tmp_path: Path) -> None:
    recipe = signpost_recipe(**{"train.iterations": 50, "evaluation.every": 50})
    train(recipe, tmp_path / "run")
    first, *_, last = metrics(tmp_path / "run")
    assert first["validation/success"] < 0.4
    assert last["validation/success"] > first["validation/success"] + 0.4


def test_a_finished_run_is_returned_as_it_is(finished: Path) -> None:
    before = (finished / RESULT_FILE).read_bytes()
    result = train(signpost_recipe(), finished, resume=True)
    assert result == read_result(finished / RESULT_FILE)
    assert (finished / RESULT_FILE).read_bytes() == before


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
        if path.is_file() and path.name != RESULT_FILE:
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


def test_the_result_is_what_it_says(finished: Path) -> None:
    result = read_result(finished / RESULT_FILE)
    assert check(result, Arena(signpost_recipe()).game.tasks.panel("test")) == []
    score, training = result.main, result.training
    assert len(score.episodes) == result.panel.tasks == 64
    solved = sum(episode.success for episode in score.episodes)
    assert score.summary.success == solved / 64
    assert all(episode.turns and episode.reply_tokens for episode in score.episodes)
    assert training is not None
    assert training.steps == 6
    logged = metrics(finished)
    assert training.metrics["loss"] == tuple(step.get("loss") for step in logged)
    assert training.start_success == logged[0]["validation/success"]
    assert result.cost.cpu_seconds is not None
    assert result.policy.sha256 == weights_digest(finished / "model")
    assert result.recipe == signpost_recipe()
    assert result.provenance.packages["torch"]


def test_the_panel_is_scored_under_every_decoder(finished: Path) -> None:
    result = read_result(finished / RESULT_FILE)
    assert result.headline == "t1"
    assert sorted(result.scores) == ["greedy", "paper", "t1"]
    paper = result.scores["paper"].decoder
    assert paper is not None
    assert paper.model_dump() == {"temperature": 0.6, "top_p": 0.95, "top_k": 20}
    assert {len(score.episodes) for score in result.scores.values()} == {64}
    played = [score.episodes for score in result.scores.values()]
    assert played[0] != played[1] != played[2]


def test_validation_is_under_the_headline(finished: Path, tmp_path: Path) -> None:
    changes = {"evaluation.headline": "greedy", "train.iterations": 1, "evaluation.every": 1}
    result = train(signpost_recipe(**changes), tmp_path / "run")
    assert result.headline == "greedy"
    assert result.main == result.scores["greedy"]
    before, greedy = metrics(finished)[0], metrics(tmp_path / "run")[0]
    assert greedy["validation/success"] != before["validation/success"]


def test_costs_add_up_step_by_step(finished: Path) -> None:
    steps = metrics(finished)
    assert [step["cost/episodes"] for step in steps] == [16 * step for step in range(7)]
    assert [step["cost/updates"] for step in steps] == [2 * step for step in range(7)]
    tokens = [step["cost/tokens"] for step in steps]
    assert tokens == sorted(set(tokens))
    cost = read_result(finished / RESULT_FILE).cost
    assert (cost.episodes, cost.updates, cost.reply_tokens) == (96, 12, tokens[-1])
    assert cost.environment_steps == steps[-1]["cost/env_steps"]


def test_one_seed_moves_everything_and_nothing_else_does(finished: Path, tmp_path: Path) -> None:
    train(signpost_recipe(seed=1), tmp_path / "run")
    ours, theirs = metrics(finished), metrics(tmp_path / "run")
    assert ours[0] == theirs[0], "the start policy is the same for every seed"
    assert ours[1] != theirs[1]


def test_a_run_killed_before_its_first_step_can_go_on(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "recipe.yaml").write_bytes((finished / "recipe.yaml").read_bytes())
    (out / f".{RESULT_FILE}.half").write_text("")
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
    assert not (out / RESULT_FILE).exists()
    train(signpost_recipe(), out, resume=True)
    assert contents(out) == contents(finished)


def test_a_run_that_paused_goes_on_as_if_it_had_not(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "paused"
    for until in (3, 5):  # checkpoints are due at steps 2, 4 and 6
        train_until(signpost_recipe(), out, until, resume=True)
        assert [step["step"] for step in metrics(out)] == list(range(until + 1))
        assert any(path.name.startswith(f"step-{until:06d}") for path in out.rglob("*.pt"))
        assert not (out / RESULT_FILE).exists()
    train(signpost_recipe(), out, resume=True)
    assert contents(out) == contents(finished)
    with pytest.raises(ArenaError, match="a run of 6 iterations has no step 7"):
        train_until(signpost_recipe(), tmp_path / "other", 7)
