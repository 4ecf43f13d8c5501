"""What the process that starts verl reads and keeps of a run, without verl."""

import socket
from pathlib import Path

import pytest
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.engines.engine import Cluster, engine_named
from arlarena_bench.engines.verl import requirement
from arlarena_bench.engines.verl.cpu_switch import VARIABLE
from arlarena_bench.engines.verl.run_on_verl import drop_checkpoints, newest_checkpoint
from arlarena_bench.engines.verl.run_report import RunReport
from arlarena_bench.engines.verl.task_rows import panel_rows, training_rows
from arlarena_bench.episode import Episode, Generation, Turn
from arlarena_bench.streams import Stream
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.start import start_policy


def kept(folder: Path, steps: list[int], whole: int | str | None) -> None:
    for step in steps:
        actor = folder / "verl" / f"global_step_{step}" / "actor"
        actor.mkdir(parents=True)
        (actor / "model_world_size_2_rank_0.pt").touch()
    if whole is not None:
        (folder / "verl" / "latest_checkpointed_iteration.txt").write_text(str(whole))


@pytest.mark.parametrize(
    ("steps", "whole", "logged", "expected"),
    [
        ([2, 4], 4, 5, 4),
        ([2, 4], 4, 3, 2),  # it was killed before it told of step 4
        ([2, 4], 2, 4, 2),  # it was killed while it wrote the newest
        ([2, 10], 10, 12, 10),
        ([4], 4, 3, 0),
        ([2, 4], "", 5, 2),  # there was no room to name the newest
        ([2], None, 3, 0),  # it was killed while it wrote the first
        ([], None, 3, 0),
    ],
)
def test_where_a_run_goes_on(
    tmp_path: Path, steps: list[int], whole: int | str | None, logged: int, expected: int
) -> None:
    kept(tmp_path, steps, whole)
    place = tmp_path / "verl" / f"global_step_{expected}" if expected else None
    assert newest_checkpoint(tmp_path, logged) == (expected, place)


def test_what_is_made_anew_leaves_no_checkpoints_behind(tmp_path: Path) -> None:
    kept(tmp_path, [2, 4, 6, 8, 10], 10)
    drop_checkpoints(tmp_path / "verl", 8)
    assert sorted(path.name for path in (tmp_path / "verl").glob("global_*")) == [
        "global_step_6",
        "global_step_8",
    ]


def test_a_report_tells_each_step_once(tmp_path: Path) -> None:
    trainer, reader = RunReport(tmp_path), RunReport(tmp_path)
    trainer.step(0, {"loss": float("nan")}, {})
    trainer.step(1, {"loss": 0.5}, {"wall_s": 2.0})
    first, second = reader.new_steps()
    assert first[1]["loss"] != first[1]["loss"]
    assert second == (1, {"loss": 0.5}, {"wall_s": 2.0})
    trainer.failed("the method's filter failed")
    with pytest.raises(ArenaError, match="the method's filter failed"):
        list(reader.new_steps())


def test_a_report_keeps_the_test_panel(tmp_path: Path) -> None:
    turn = Turn("?", Generation("x", (1, 2), (3,), (-0.5,)), "x", 1.0, 0.0, True, True, "a")
    episodes = {"t1": [Episode("t/1", 0, [turn], success=True)], "greedy": [Episode("t/1", 0)]}
    report = RunReport(tmp_path)
    report.keep_test(episodes)
    assert report.test() == episodes
    assert list(report.test()) == ["t1", "greedy"]
    report.clear()
    with pytest.raises(ArenaError, match="without playing the test panel"):
        report.test()


def test_tasks_and_draws_are_the_local_engines() -> None:
    recipe = signpost_recipe(**{"train.max_tries": 2, "seed": 5})
    trainer = Trainer(recipe, start_policy(recipe))
    rows = list(training_rows(recipe, trainer.arena.game))
    train = recipe.train
    assert len(rows) == train.iterations * train.groups * 2
    sampled, _ = trainer._rollout(2)
    of_step = rows[train.groups * 2 : train.groups * 3]
    assert [group[0].task_id for group in sampled] == [row["task_id"] for row in of_step]
    replies = Stream.of(5, "replies", 2)
    assert of_step[1]["streams"] == [replies.sub(1, attempt).name for attempt in range(4)]


def test_a_panel_is_played_as_often_as_the_recipe_says() -> None:
    recipe = signpost_recipe(**{"evaluation.attempts": 3, "evaluation.test_tasks": 64})
    rows = list(panel_rows(recipe, Arena(recipe).game, "test", "greedy"))
    streams = [name for row in rows for name in row["streams"]]
    # Some of its tasks come twice, and no two attempts are drawn alike.
    assert len({row["task_id"] for row in rows}) < len(rows) == 64
    assert len(set(streams)) == len(streams) == 3 * 64
    assert {row["decoder"] for row in rows} == {"greedy"}


def test_a_machine_without_gpus_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(requirement, "version", lambda name: requirement.VERSION)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    engine = engine_named("verl", Cluster(1, 64))
    with pytest.raises(ArenaError, match="to have 64 GPUs on this machine, which has"):
        engine.train(signpost_recipe(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(requirement, "version", lambda name: requirement.VERSION)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(ArenaError, match=f"no Ray cluster answers at {address}, which RAY_A"):
            engine_named("verl").train(signpost_recipe(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_local_engine_is_one_process() -> None:
    with pytest.raises(ArenaError, match="engine local is one process, not 2 nodes"):
        engine_named("local", Cluster(2, 8))
