"""Panels whose seed is not public."""

import random
from collections import Counter
from pathlib import Path

import gymnasium as gym
import pytest
from bundles import copied, sign
from typer.testing import CliRunner

from arlarena_bench import installed
from arlarena_bench.cli import app
from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.submission.verifying import Checks, verify
from arlarena_bench.task_set import HELD_OUT, ListedTasks
from arlarena_bench.text_env import TextEnv


def game_of(environment: str) -> TextEnv:
    return make_environment(installed.load_recipe("nano", environment)).game


@pytest.mark.parametrize("environment", sorted(installed.preset_files()["nano"]))
def test_a_hidden_panel_is_like_the_test_panel(environment: str) -> None:
    game = game_of(environment)
    tasks, count = game.tasks, 64
    panel = tasks.hidden("a-Seed_1", count)
    assert panel == tasks.hidden("a-Seed_1", count)
    assert len(panel.task_ids) == count
    # Neither the same task twice, nor one of a frozen panel.
    frozen = {tasks.identity(task) for split in HELD_OUT for task in tasks.panel(split).task_ids}
    found = {tasks.identity(task) for task in panel.task_ids}
    assert len(found) == count
    assert found.isdisjoint(frozen)
    other = tasks.hidden("another", count)
    assert len({tasks.identity(task) for task in other.task_ids} & found) < count / 4
    first = tasks.panel("test").first(count)
    assert kinds(game, panel.task_ids) == kinds(game, first)
    clusters = [
        Counter(Counter(map(tasks.cluster, each)).values()) for each in (first, other.task_ids)
    ]
    assert clusters[0] == clusters[1]


def kinds(game: TextEnv, tasks: tuple[str, ...]) -> Counter[str | None]:
    """How many tasks there are of each type, where a panel has as many of each; all begin."""
    found: Counter[str | None] = Counter()
    for task in tasks:
        _, info = game.reset(options={"task_id": task})
        found[info["category"]] += 1
    return found if max(found.values()) - min(found.values()) <= 2 else Counter()


def test_a_training_task_is_known_under_any_id() -> None:
    game = game_of("sokoban")
    rng = random.Random(0)
    known = {game.tasks.identity(game.sample_task(rng)) for _ in range(500)}
    assert any(game.tasks.identity(task) in known for task in game.tasks.hidden("x", 200).task_ids)


def test_listed_tasks_have_no_hidden_ones() -> None:
    listed = ListedTasks("corridors", test=["a", "b"])
    with pytest.raises(ArenaError, match="corridors has no tasks but those it lists"):
        listed.hidden("x", 2)
    shop = gym.make("arlarena/WebShop-v0").unwrapped
    assert isinstance(shop, TextEnv)
    with pytest.raises(ArenaError, match="has no tasks but those it lists"):
        shop.tasks.hidden("x", 2)
    for seed in ("", "../x", "a b", "x" * 65):
        with pytest.raises(ArenaError, match="a hidden panel's seed is 1 to 64 letters, digits"):
            game_of("sokoban").tasks.hidden(seed, 2)


def test_checkpoints_are_scored_on_a_hidden_panel(good: Path) -> None:
    before = {path: path.read_bytes() for path in good.rglob("*") if path.is_file()}
    done = CliRunner().invoke(app, ["verify", str(good), "--hidden", "seekrit-77"])
    assert done.exit_code == 0
    header = next(line for line in done.output.splitlines() if line.startswith("method"))
    assert "claimed %" in header
    assert "hidden %" in header
    assert "as claimed" in done.output
    assert "seekrit" not in done.output
    assert {path: path.read_bytes() for path in good.rglob("*") if path.is_file()} == before
    scores = verify(good, Checks(hidden="seekrit-77")).hidden
    assert [(score.method, score.seeds) for score in scores] == [
        ("grpo", (0, 1)), ("mine (file)", (0, 1)),
    ]  # fmt: skip
    for score in scores:
        assert score.low <= score.hidden - score.claimed <= score.high
        assert score.verdict == "as claimed"


def test_without_checkpoints_nothing_can_be_scored(good: Path, tmp_path: Path) -> None:
    bundle = copied(good, tmp_path)
    for path in bundle.glob("runs/*/*/model/*"):
        path.unlink()
    for path in bundle.glob("runs/*/*/model"):
        path.rmdir()
    sign(bundle)
    verdict = verify(bundle, Checks(hidden="x"))
    assert (verdict.fault, verdict.hidden) == (None, [])
    assert verdict.checked["hidden"] == ("no hidden panel: no trained run came with its checkpoint")
