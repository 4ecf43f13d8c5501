import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from runs import panel_of, result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import RESULT_FILE, Result, read_result, write_result
from arlarena_bench.report import finding
from arlarena_bench.report.finding import find_runs

TASKS = panel_of("sokoban").task_ids
Change = Callable[[dict[str, Any]], None]


def rewrite(path: Path, change: Change) -> None:
    """Change the first line of a result's file by hand, as a forger would."""
    head, *turns = zstandard.decompress(path.read_bytes()).decode().splitlines()
    data = json.loads(head)
    change(data)
    lines = "\n".join([json.dumps(data), *turns]) + "\n"
    path.write_bytes(zstandard.compress(lines.encode()))


def test_bad_files_do_not_hide_good_ones(bench: Path) -> None:
    (bench / "notes.txt").write_text("mine")
    (bench / "sampo" / "seed-1" / RESULT_FILE).write_text("{")
    runs, problems = find_runs(bench)
    assert [(run.result.label, run.result.seed) for run in runs] == [
        ("grpo", 0), ("grpo", 1), ("grpo", 2), ("sampo", 0),
    ]  # fmt: skip
    (problem,) = problems
    assert f"sampo/seed-1/{RESULT_FILE} is damaged" in problem
    assert all(episode.turns is None for run in runs for episode in run.result.main.episodes)


def triple_one_task(data: dict[str, Any]) -> None:
    episodes = data["scores"]["sampled"]["episodes"]
    episodes[1] = episodes[2] = episodes[0]


def impossible_format(data: dict[str, Any]) -> None:
    data["scores"]["sampled"]["summary"]["format_valid"] = 2.5


def not_a_number(data: dict[str, Any]) -> None:
    data["scores"]["sampled"]["episodes"][0]["reward"] = float("nan")


def negative_count(data: dict[str, Any]) -> None:
    data["scores"]["sampled"]["episodes"][0]["reply_tokens"] = -1


def other_panel(data: dict[str, Any]) -> None:
    data["panel"]["digest"] = "0" * 64


def foreign_task(data: dict[str, Any]) -> None:
    data["scores"]["sampled"]["episodes"][0]["task_id"] = "train/7"


def missing_task(data: dict[str, Any]) -> None:
    del data["scores"]["sampled"]["episodes"][3]


def other_tasks_than_asked(data: dict[str, Any]) -> None:
    data["recipe"]["evaluation"]["test_tasks"] = 200


def better_summary(data: dict[str, Any]) -> None:
    data["scores"]["sampled"]["summary"]["success"] = 0.9


def unknown_field(data: dict[str, Any]) -> None:
    data["hardware"] = "abacus"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (triple_one_task, "sampled: played more than once: test/0000 (and 1 more)"),
        (impossible_format, "scores.sampled.summary.format_valid: Input should be less than or"),
        (not_a_number, "scores.sampled.episodes.0.reward: Input should be a finite number"),
        (negative_count, "scores.sampled.episodes.0.reply_tokens: Input should be greater than"),
        (other_panel, "it played sokoban-6x6-1box-3to9moves/test (000000000000), but the panel"),
        (foreign_task, "sampled: not of the panel: train/7 (and 1 more)"),
        (missing_task, f"sampled: not played: {TASKS[3]} (and 1 more)"),
        (other_tasks_than_asked, "it played 10 tasks, its recipe asks for 200"),
        (better_summary, "sampled: summary success is 0.9, but the episodes give 0.5"),
        (unknown_field, "hardware: Extra inputs are not permitted"),
    ],
)
def test_what_is_not_what_it_says_is_left_out_with_one_line(
    tmp_path: Path, change: Change, said: str
) -> None:
    run = write_run(tmp_path, result_of("grpo", 0, solving(5)))
    rewrite(run / RESULT_FILE, change)
    runs, problems = find_runs(tmp_path)
    assert runs == []
    (problem,) = problems
    assert str(run / RESULT_FILE) in problem
    assert said in problem
    assert "\n" not in problem


def test_an_environment_that_is_not_here_is_a_warning(tmp_path: Path) -> None:
    def elsewhere(data: dict[str, Any]) -> None:
        data["recipe"]["environment"]["id"] = "stranger/Maze-v3"

    run = write_run(tmp_path, result_of("grpo", 0, solving(5)))
    rewrite(run / RESULT_FILE, elsewhere)
    runs, problems = find_runs(tmp_path)
    assert len(runs) == 1
    (problem,) = problems
    assert problem.startswith("results of stranger/Maze-v3 are not compared with their panel: ")


def test_one_result_may_be_named_by_its_file(tmp_path: Path) -> None:
    result: Result = result_of("grpo", 0, solving(5))
    write_result(tmp_path / "mine.zst", result)
    ((run,), _) = find_runs(tmp_path / "mine.zst")
    assert run.result == result.without_turns()


def test_an_empty_folder_has_no_runs(tmp_path: Path) -> None:
    assert find_runs(tmp_path) == ([], [])


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="no folder"):
        find_runs(tmp_path / "nowhere")


def test_a_copy_of_what_is_known_is_not_read_again(
    bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = find_runs(bench)
    copy = tmp_path / "copy"
    shutil.copytree(bench, copy)
    changed = copy / "grpo" / "seed-0" / RESULT_FILE
    write_result(changed, result_of("grpo", 0, solving(9)))
    read: list[Path] = []

    def reading(path: Path, turns: bool = True) -> Result:
        read.append(path)
        return read_result(path, turns)

    monkeypatch.setattr(finding, "read_result", reading)
    found, problems = find_runs(copy, known)
    assert problems == []
    assert read == [changed]
    assert [run.source for run in found] == sorted(copy.rglob(RESULT_FILE))
    assert [run.result.main.summary.success for run in found] == [0.9, 0.5, 0.6, 0.7, 0.7]
    assert find_runs(copy)[0] == found
