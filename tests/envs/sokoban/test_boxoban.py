from pathlib import Path
from random import Random

import field_cases
import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded

from arlarena_bench.envs.sokoban.env import SokobanEnv
from arlarena_bench.errors import ArenaError

FILE = """\
; 0
######
#@$ .#
######

; 1
######
#+$ *#
# $ .#
######
"""


def write(folder: Path, name: str, text: str = FILE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file(tmp_path: Path) -> None:
    env = SokobanEnv(levels=write(tmp_path, "000.txt"))
    assert env.reset(options={"task_id": "boxoban/000.txt/0"})[0] == "######\n#PX_O#\n######"
    assert env.demonstrator.oracle() == ["right", "right"]
    assert env.reset(options={"task_id": "boxoban/000.txt/1"})[0] == (
        "######\n#SX_√#\n#_X_O#\n######"
    )
    assert {env.sample_task(Random(seed)) for seed in range(20)} == {
        "boxoban/000.txt/0",
        "boxoban/000.txt/1",
    }
    assert env.tasks.panel("train").task_ids == ("boxoban/000.txt/0", "boxoban/000.txt/1")
    with pytest.raises(ArenaError, match=r"boxoban-000.txt has no test panel"):
        env.tasks.panel("test")


def test_a_folder_keeps_its_splits_and_is_read_when_needed(tmp_path: Path) -> None:
    for name in ("medium/valid/000.txt", "medium/train/001.txt", "medium/train/000.txt"):
        write(tmp_path, name)
    write(tmp_path, "medium/train/002.txt", "nonsense")
    env = SokobanEnv(levels=tmp_path)
    env.reset(options={"task_id": "boxoban/medium/train/001.txt/1"})
    panel = env.tasks.panel("validation")
    assert panel.task_ids == ("boxoban/medium/valid/000.txt/0", "boxoban/medium/valid/000.txt/1")
    alone = SokobanEnv(levels=tmp_path / "medium/valid/000.txt")
    assert panel.digest == alone.tasks.panel("train").digest
    with pytest.raises(ArenaError, match=r"002\.txt, line 1: a level begins with"):
        env.tasks.panel("train")


def test_files_are_in_order_of_name(tmp_path: Path) -> None:
    for name in ("c.txt", "a/b.txt", "b.txt", "a.txt", "d.txt", "a/a.txt"):
        write(tmp_path, name)
    panel = SokobanEnv(levels=tmp_path).tasks.panel("train")
    names = ["a.txt", "a/a.txt", "a/b.txt", "b.txt", "c.txt", "d.txt"]
    assert panel.task_ids == tuple(f"boxoban/{n}/{number}" for n in names for number in (0, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no level"),
        ("######\n", "line 1: a level begins"),
        ("; 0\n######\n#@$x.#\n######\n", "line 3: unknown symbol 'x'"),
        ("; zero\n######\n", "line 1: '; zero' is not"),
        ("; 0\n######\n#@$ .#\n######\n\n; 0\n", "line 6: '; 0' is not .* a new number"),
        ("; 0\n", "level at line 1: a board has exactly one player"),
        ("; 0\n######\n#@$ .##\n######\n", "level at line 1: row 2 of the board has 7 cells"),
        ("; 0\n######\n#@$  #\n######\n", "level at line 1: the board has 1 boxes and 0 targets"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, message: str) -> None:
    env = SokobanEnv(levels=write(tmp_path, "bad.txt", text))
    with pytest.raises(ArenaError, match=message) as caught:
        env.reset(options={"task_id": "boxoban/bad.txt/0"})
    assert "bad.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_binary_file(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArenaError, match="cannot read the level file"):
        SokobanEnv(levels=tmp_path).reset(seed=0)


@pytest.mark.parametrize(
    ("task_id", "message"),
    [
        ("train/0", "with levels=, ids are boxoban"),
        ("boxoban/000.txt/9", "has no '; 9'"),
        ("boxoban/001.txt/0", "there is no file '001.txt'"),
        ("boxoban/../000.txt/0", "there is no file"),
        ("boxoban", "there is no file"),
    ],
)
def test_tasks_that_do_not_exist(tmp_path: Path, task_id: str, message: str) -> None:
    env = SokobanEnv(levels=write(tmp_path, "000.txt"))
    with pytest.raises(ArenaError, match=message):
        env.reset(options={"task_id": task_id})


def test_contradictory_settings(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="drop levels="):
        SokobanEnv(levels=write(tmp_path, "000.txt"), min_moves=3)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="no Boxoban level file"):
        SokobanEnv(levels=tmp_path)


CASES = {case["id"]: case for case in field_cases.cases("sokoban-end-and-files")}


def test_nothing_more_is_earned_after_the_end() -> None:
    assert "any three moves" in CASES["sokoban-end-and-files-1"]["input"]
    env = gym.make("arlarena/Sokoban-v0")
    env.reset(options={"task_id": "test/0007"})
    game = env.unwrapped
    assert isinstance(game, SokobanEnv)
    moves = [*game.demonstrator.oracle(), "up", "left", "down"]
    rewards = [env.step(game.reply_format.write("", move))[1] for move in moves]
    assert rewards[-4] == pytest.approx(10.9)
    assert rewards[-3:] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("######\n#@*  #\n######", "level at line 1: the level is solved as it stands"),
        ("######\n#*+* #\n#$   #\n######", "level at line 1: no moves solve the level"),
        ("######\n#@  .#\n#$   #\n######", "level at line 1: no moves solve the level"),
        ("#######\n#@#$ .#\n#######", "level at line 1: no moves solve the level"),
    ],
)
def test_a_level_with_nothing_to_solve_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    env = SokobanEnv(levels=write(tmp_path, "bad.txt", f"; 0\n{rows}\n"))
    with pytest.raises(ArenaError, match=message):
        env.reset(options={"task_id": "boxoban/bad.txt/0"})
    with pytest.raises(ResetNeeded):
        env.step("left")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_files_of_any_editor(tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join(["; 0", "######", "#@$ .#", "######", ""])
    (tmp_path / "levels.txt").write_bytes(text.encode(encoding))
    env = SokobanEnv(levels=tmp_path / "levels.txt")
    env.reset(options={"task_id": "boxoban/levels.txt/0"})
    assert env.demonstrator.oracle() == ["right", "right"]
