import json
from pathlib import Path
from typing import Any

import pytest

from arlarena_bench.record import read_result
from arlarena_bench.report.finding import find_runs
from arlarena_bench.report.table import Table, build_tables
from arlarena_bench.scene import SceneChoice, SceneCode, SceneGrid, SceneList, ScenePart, SceneText
from arlarena_bench.site.episode_data import Reader, Sample, part_data

GRID = Path(__file__).parents[2] / "leaderboard" / "nano" / "sokoban"


@pytest.fixture(scope="module")
def table() -> Table:
    (found,) = build_tables(find_runs(GRID / "grpo" / "seed-0")[0])
    return found


@pytest.fixture(scope="module")
def sample(table: Table) -> Sample:
    found = Reader(4).sample(table, table.rows[0])
    assert isinstance(found, Sample)
    return found


def test_a_sample_is_of_the_panels_first_tasks(table: Table, sample: Sample) -> None:
    played = table.runs[0].result.main.episodes
    assert [e["task"] for e in sample.data["episodes"]] == [e.task_id for e in played[:4]]
    assert (sample.tasks, sample.count, sample.seed, sample.decoder) == (4, 4, 0, "paper")


def test_every_state_is_that_of_the_environment_and_none_differs(sample: Sample) -> None:
    assert sample.different == 0
    for episode in sample.data["episodes"]:
        assert episode["difference"] is None
        assert len(episode["scenes"]) == len(episode["turns"]) + 1
        assert all(scene[0]["kind"] == "grid" for scene in episode["scenes"])
        # Boxes are on their targets at the end of what was solved, and of nothing else.
        cells = episode["scenes"][-1][0]
        done = (
            cells["cells"].index("floor target box") if "floor target box" in cells["cells"] else -1
        )
        assert episode["success"] == any(done in row for row in cells["rows"])


def test_turns_have_what_was_said_and_what_it_was_taken_for(sample: Sample) -> None:
    result = read_result(GRID / "grpo" / "seed-0" / "result.jsonl.zst")
    told = result.main.episodes[0].turns
    assert told is not None
    turns = sample.data["episodes"][0]["turns"]
    assert [turn["reply"] for turn in turns] == list(told.replies)
    assert turns[0]["command"] in ("up", "down", "left", "right")
    assert turns[0]["command"] in turns[0]["reply"]
    assert [turn["tokens"] for turn in turns] == [len(ids) for ids in told.token_ids]


def test_what_was_altered_is_said_at_its_turn(table: Table) -> None:
    result = read_result(GRID / "grpo" / "seed-0" / "result.jsonl.zst")
    first = result.main.episodes[0]
    assert first.turns is not None
    forged = first.turns.model_copy(
        update={"rewards": (first.turns.rewards[0] + 1, *first.turns.rewards[1:])}
    )
    episodes = (first.model_copy(update={"turns": forged}), *result.main.episodes[1:])
    scores = {result.headline: result.main.model_copy(update={"episodes": episodes})}
    found = Reader(1)._sample(result.model_copy(update={"scores": scores}))
    assert found.different == 1
    assert found.data["episodes"][0]["difference"].startswith("turn 1: the reward is ")


def test_an_environment_that_is_not_here_leaves_the_replies(table: Table) -> None:
    result = read_result(GRID / "grpo" / "seed-0" / "result.jsonl.zst")
    gone = result.recipe.environment.model_copy(update={"id": "nowhere/Gone-v0"})
    recipe = result.recipe.model_copy(update={"environment": gone})
    found = Reader(2)._sample(result.model_copy(update={"recipe": recipe}))
    episode = found.data["episodes"][0]
    assert found.different == 2
    assert episode["difference"].startswith("its environment cannot be made here: ")
    assert episode["scenes"] == []
    assert episode["turns"][0]["reply"]


def test_a_damaged_file_is_a_reason(tmp_path: Path, table: Table) -> None:
    content = (GRID / "grpo" / "seed-0" / "result.jsonl.zst").read_bytes()
    path = tmp_path / "result.jsonl.zst"
    path.write_bytes(content)
    (damaged,) = build_tables(find_runs(path)[0])
    path.write_bytes(content[: len(content) // 2])
    assert "result.jsonl.zst" in str(Reader(2).sample(damaged, damaged.rows[0]))
    assert str(tmp_path) not in str(Reader(2).sample(damaged, damaged.rows[0]))


@pytest.mark.parametrize(
    ("part", "data"),
    [
        (SceneText("a", "b"), {"kind": "text", "heading": "b", "text": "a"}),
        (SceneCode("1"), {"kind": "code", "heading": "", "text": "1"}),
        (
            SceneGrid((("wall", "floor"), ("floor", "floor"))),
            {"kind": "grid", "cells": ["floor", "wall"], "rows": [[1, 0], [0, 0]]},
        ),
        (SceneList((("a", "b"),), "c"), {"kind": "list", "heading": "c", "rows": [["a", "b"]]}),
        (
            SceneChoice("size", ("s", "m"), ("m",)),
            {"kind": "choice", "name": "size", "values": ["s", "m"], "chosen": ["m"]},
        ),
    ],
)
def test_parts_of_a_scene_as_data(part: ScenePart, data: dict[str, Any]) -> None:
    assert json.loads(json.dumps(part_data(part))) == data
