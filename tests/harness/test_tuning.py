import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from signpost import signpost_recipe
from typer.testing import CliRunner

from arlarena_bench import ArenaError
from arlarena_bench.cli import app
from arlarena_bench.engines.local import train_until
from arlarena_bench.files import JsonLines
from arlarena_bench.harness.plan import Job, RunRequest, is_finished
from arlarena_bench.harness.processes import Failure
from arlarena_bench.harness.tuning import (
    Grid,
    judgement_table,
    read_grid,
    tune,
    write_judgement,
)
from arlarena_bench.installed import load_recipe, method_names
from arlarena_bench.recipe import read_recipe
from arlarena_bench.record import RESULT_FILE
from arlarena_bench.ruleset import ruleset_of

TUNING = {
    "seed": 77,
    "seeds": 2,
    "times": {"learning_rate": [1, 2]},
    "rungs": [0.5, 1],
    "grid": {"grpo": [{}, {"options": {"clip_low": 0.1}}], "gspo": [{}, {}]},
}


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """Of six iterations with an evaluation every other; a learning rate of 0.003."""
    recipe = signpost_recipe(**{"tuning": TUNING, "evaluation.every": 2})
    path = tmp_path / "tiny.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    return read_grid(str(path), "signpost", tmp_path / "out")


def log(job: Job, success: float, steps: int) -> None:
    metrics = JsonLines(job.folder / "metrics.jsonl")
    for step in range(steps + 1):
        counts = dict.fromkeys(("episodes", "env_steps", "tokens", "updates"), step)
        record: dict[str, float] = {"step": step} | {f"cost/{n}": c for n, c in counts.items()}
        if step % 2 == 0:
            record["validation/success"] = success if step else 0.99  # the start's must not count
        metrics.append(record)


class Runs:
    """What a bench is for tuning, with made-up success: (method, point, rung) → one a seed."""

    def __init__(self, success: dict[tuple[str, int, int], tuple[float, float]]) -> None:
        self.success = success
        self.made: list[list[str]] = []

    def __call__(self, jobs: Sequence[Job]) -> list[Failure]:
        self.made.append([f"{j.folder.parts[-3]} {j.folder.parts[-2]}" for j in jobs])
        for job in jobs:
            method, point, seed = job.folder.parts[-3:]
            assert job.until is not None
            key = (method, int(point[-1]), job.until)
            log(job, self.success[key][int(seed[-2:]) - 77], job.until)
        return []


SUCCESS = {
    ("grpo", 0, 4): (0.1, 0.3), ("grpo", 1, 4): (0.9, 0.0), ("grpo", 2, 4): (0.4, 0.4),
    ("grpo", 3, 4): (0.2, 0.1), ("grpo", 1, 6): (0.7, 0.1), ("grpo", 2, 6): (0.3, 0.4),
    ("gspo", 0, 4): (0.5, 0.5), ("gspo", 1, 4): (0.5, 0.5), ("gspo", 2, 4): (0.5, 0.5),
    ("gspo", 3, 4): (0.5, 0.5), ("gspo", 0, 6): (0.5, 0.5), ("gspo", 1, 6): (0.5, 0.5),
}  # fmt: skip


def test_every_point_is_a_run_a_seed_with_its_values(grid: Grid) -> None:
    assert grid.rungs == [4, 6]  # half of six is three, and nobody is judged there
    points = [point for point in grid.points if point.method == "grpo"]
    assert [(p.values.options, p.values.train["learning_rate"]) for p in points] == [
        ({}, 0.003), ({"clip_low": 0.1}, 0.003), ({}, 0.006), ({"clip_low": 0.1}, 0.006),
    ]  # fmt: skip
    jobs = [job for point in grid.points for job in point.jobs]
    assert {job.recipe.seed for job in jobs} == {77, 78}
    assert len({job.folder for job in jobs}) == 16
    assert points[3].jobs[1].recipe.method.options == {"clip_low": 0.1}
    assert points[3].jobs[1].recipe.train.learning_rate == 0.006


def test_the_better_half_goes_on_and_the_best_at_the_end_is_chosen(grid: Grid) -> None:
    runs = Runs(SUCCESS)
    judgement, failures = tune(grid, runs)
    assert failures == []
    assert judgement is not None
    assert [len(made) for made in runs.made] == [16, 8]
    assert set(runs.made[1]) == {"grpo point-1", "grpo point-2", "gspo point-0", "gspo point-1"}
    assert judgement["chosen"]["grpo"] == {
        "options": {"clip_low": 0.1}, "train": {"learning_rate": 0.003},
    }  # fmt: skip
    assert judgement["chosen"]["gspo"]["train"] == {"learning_rate": 0.003}, "a tie"
    assert judgement["seeds"] == [77, 78]
    assert judgement["tried"]["grpo"][3]["rungs"] == [{"step": 4, "validation_success": [0.2, 0.1]}]
    assert [rung["step"] for rung in judgement["tried"]["grpo"][1]["rungs"]] == [4, 6]
    # Two points stop at step 4 and two at step 6, with two seeds each.
    assert judgement["cost"]["grpo"] == judgement["cost"]["gspo"]
    assert judgement["cost"]["grpo"]["iterations"] == 2 * (4 + 4 + 6 + 6)
    lines = judgement_table(judgement).splitlines()
    assert lines[0].split("  ")[-1].strip() == "% at step 6"
    (line,) = (line for line in lines if "clip_low 0.1, learning_rate 0.003" in line)
    assert line.split()[-3:] == ["45.0", "40.0", "chosen"]


def test_the_chosen_values_are_a_recipe_that_names_their_record(grid: Grid) -> None:
    judgement, _ = tune(grid, Runs(SUCCESS))
    assert judgement is not None
    record, path = write_judgement(grid, judgement)
    assert json.loads(record.read_text(encoding="utf-8")) == judgement
    tuned = read_recipe(path)
    assert tuned.name == "tiny-tuned"
    run = tuned.for_run("grpo", 0)
    assert (run.method.options, run.train.learning_rate) == ({"clip_low": 0.1}, 0.003)
    assert run.tuning.record == hashlib.sha256(record.read_bytes()).hexdigest()
    assert ruleset_of(run) == "fixed-grid"
    assert ruleset_of(tuned.for_run("grpo", 0, {"train.learning_rate": 0.1})) == "own"
    assert ruleset_of(tuned.for_run("sapo", 0)) == "own"  # the grid has nothing of it
    child = path.with_name("child.yaml")
    child.write_text(f"extends: {path.name}\ntrain: {{groups: 2}}\n")
    assert read_recipe(child).tuning.record is None


def test_the_values_of_a_preset_are_its_own_unless_replaced() -> None:
    preset = load_recipe("nano", "sokoban")
    assert ruleset_of(preset.for_run("gspo", 0)) == "no-tuning"
    assert ruleset_of(preset.for_run("grpo_x2", 0, {"train.groups": 3})) == "no-tuning"
    assert ruleset_of(preset.for_run("gspo", 0, {"method.options": {}})) == "own"
    assert ruleset_of(preset.for_run("gspo", 0, {"train.learning_rate": 1e-3})) == "own"


def test_one_grid_serves_every_environment() -> None:
    environments = ("sokoban", "alfworld_mini", "webshop_mini", "tir_math_mini")
    recipes = [load_recipe("nano", environment) for environment in environments]
    assert all(recipe.tuning == recipes[0].tuning for recipe in recipes)
    assert sorted(recipes[0].tuning.grid) == method_names()
    for recipe in recipes:
        rates = {p.train["learning_rate"] for p in recipe.tuning.points("sapo", recipe.train)}
        own = recipe.train.learning_rate
        assert rates == {0.5 * own, own, 2 * own}


def test_what_cannot_learn_in_an_environment_is_left_out_of_its_grid(tmp_path: Path) -> None:
    grid = read_grid("nano", "tir_math_mini", tmp_path)
    assert set(grid.left_out) == {"gigpo", "dapo_gigpo", "sampo"}
    assert "choose a method without turn-level credit" in grid.left_out["gigpo"]
    methods = {point.method for point in grid.points}
    assert methods == set(method_names()) - set(grid.left_out)
    recipe = grid.recipe.with_values({"tuning.grid": {"gigpo": [{}]}})
    path = tmp_path / "alone.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    with pytest.raises(ArenaError, match="gigpo credits single turns"):
        read_grid(str(path), "tir_math_mini", tmp_path)


def test_what_was_left_out_is_on_record(grid: Grid) -> None:
    without = Grid(grid.recipe, grid.folder, grid.points[:4], {"gspo": "cannot learn here"})
    judgement, _ = tune(without, Runs(SUCCESS))
    assert judgement is not None
    assert judgement["left_out"] == {"gspo": "cannot learn here"}
    assert list(judgement["chosen"]) == list(judgement["tried"]) == ["grpo"]
    assert "chosen" in judgement_table(judgement)


def test_a_recipe_without_a_grid_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(signpost_recipe().to_yaml(), encoding="utf-8")
    with pytest.raises(ArenaError, match=r"has no tuning.grid"):
        read_grid(str(path), "signpost", tmp_path)
    said = CliRunner().invoke(app, ["tune", "--preset", str(path), "--env", "signpost"])
    assert said.exit_code == 2
    assert "has no tuning.grid" in said.output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"grid": {"grpo": [{}], "gspo": [{}, {}]}}, "every method needs the same number of grid"),
        ({"rungs": [0.5, 0.5]}, "rungs: each must be longer than the one before"),
        ({"rungs": []}, "rungs: .*at least 1"),
        ({"times": {"learning_rat": [1]}}, "did you mean 'learning_rate'"),
        ({"times": {"groups": [1]}}, "'groups' is no real number of train"),
        ({"seeds": 0}, "seeds: .*greater than or equal to 1"),
    ],
)
def test_a_grid_that_cannot_be_run_is_one_line(change: dict[str, object], said: str) -> None:
    with pytest.raises(ArenaError, match=said) as caught:
        signpost_recipe(tuning={**TUNING, **change})
    assert "\n" not in str(caught.value)


def test_settings_are_those_of_every_run(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(signpost_recipe(tuning=TUNING).to_yaml(), encoding="utf-8")
    given = ["train.learning_rate=0.1", "train.groups=3", "evaluation.every=2", "tuning.seeds=1"]
    grid = read_grid(str(path), "signpost", tmp_path / "out", given)
    rates = [job.recipe.train.learning_rate for point in grid.points for job in point.jobs]
    assert sorted(set(rates)) == [0.1, 0.2], "the grid multiplies what was set"
    assert len(rates) == len(grid.points)
    job = grid.points[-1].jobs[0]
    words = list(job.arguments)
    value = {word: words[i + 1] for i, word in enumerate(words[:-1])}
    settings = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    asked = RunRequest(str(path), None, "signpost", value["--method"], 77, settings)
    assert asked.recipe() == job.recipe
    assert job.recipe.train.groups == 3


@pytest.mark.parametrize("setting", ["seed=5", "method.options.clip_low=0.1", "method.name=gspo"])
def test_a_setting_that_the_grid_would_replace_is_one_line(setting: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(signpost_recipe(tuning=TUNING).to_yaml(), encoding="utf-8")
    with pytest.raises(ArenaError, match=rf"^--set {setting.partition('=')[0]}: tuning\.\w+ "):
        read_grid(str(path), "signpost", tmp_path, ["evaluation.every=2", setting])


def test_a_grid_that_is_never_evaluated_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(signpost_recipe(tuning=TUNING).to_yaml(), encoding="utf-8")
    with pytest.raises(ArenaError, match=r"evaluation.every \(9\) must not exceed"):
        read_grid(str(path), "signpost", tmp_path, ["evaluation.every=9"])


def here(jobs: Sequence[Job]) -> list[Failure]:
    """Make the steps of jobs in this process, once no other does."""
    for job in jobs:
        assert job.until is not None
        while not is_finished(job):
            try:
                train_until(job.recipe, job.folder, job.until, resume=True)
            except ArenaError as error:
                if "written by another process" not in str(error):
                    raise
                time.sleep(0.1)
    return []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
def test_a_killed_grid_goes_on_to_the_same_choice(tmp_path: Path) -> None:
    recipe = load_recipe("nano", "sokoban").with_values(
        {
            "train.iterations": 4,
            "train.groups": 2,
            "train.group_size": 2,
            "evaluation.every": 1,
            "evaluation.validation_tasks": 8,
            "tuning": TUNING
            | {"seeds": 1, "times": {"learning_rate": [1, 2, 3]}, "grid": {"grpo": [{}]}},
        }
    )
    path = tmp_path / "few.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    whole, halved = (read_grid(str(path), "sokoban", tmp_path / name) for name in ("a", "b"))
    expected, _ = tune(whole, here)

    command = [sys.executable, "-m", "arlarena_bench", "tune", "--preset", str(path), "--jobs", "1"]
    process = subprocess.Popen([*command, "--out", str(tmp_path / "b")], stderr=subprocess.DEVNULL)
    while process.poll() is None and lines_below(halved.folder) < 5:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = lines_below(halved.folder)
    judgement, _ = tune(halved, here)
    assert 5 <= before < lines_below(halved.folder)
    assert judgement == expected
    assert judgement is not None
    assert judgement["decoder"] == "paper"
    assert sorted(len(point["rungs"]) for point in judgement["tried"]["grpo"]) == [1, 2, 2]
    # Nothing was played on the test panel, and a point that went on has made each step once.
    assert list(halved.folder.rglob(RESULT_FILE)) == []
    for log_file in halved.folder.rglob("metrics.jsonl"):
        steps = [record["step"] for record in JsonLines(log_file)]
        assert steps in ([0, 1, 2], [0, 1, 2, 3, 4])


def lines_below(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("metrics.jsonl"))
