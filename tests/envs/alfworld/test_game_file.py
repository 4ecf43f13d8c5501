import json
from pathlib import Path
from typing import Any

import pytest
from tiny_household import tiny

from arlarena_bench.envs.alfworld import build_game, load_game
from arlarena_bench.envs.alfworld.game_file import read_game, reworded
from arlarena_bench.errors import ArenaError


def written(folder: Path, data: Any) -> Path:
    path = folder / "game.tw-pddl"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_a_file_or_its_directory(tmp_path: Path) -> None:
    path = written(tmp_path, tiny())
    assert read_game(path) == read_game(str(tmp_path)) == tiny()
    assert load_game(path).reset() == build_game(tiny()).reset()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not a whole game file: not JSON"),
        (json.dumps(tiny())[:1000], "not a whole game file: not JSON"),
        ("[" * 100_000, "not a whole game file: not JSON"),
        ("[1, 2]", "not a game: expected a JSON object"),
        ('{"grammar": ""}', "pddl_domain, pddl_problem, solvable missing"),
        (tiny(pddl_domain=3), "pddl_domain must be text"),
        (tiny(solvable=False), "marked unsolvable"),
        (tiny(solvable=None), "marked unsolvable"),
        (tiny(pddl_problem=""), "expected one expression"),
    ],
)
def test_bad_files_get_one_line_that_names_them(tmp_path: Path, content: Any, reason: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ArenaError, match=reason) as caught:
        load_game(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "game.tw-pddl"
    path.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(ArenaError, match="not a whole game file"):
        load_game(path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match=r"there is no game\.tw-pddl in this directory"):
        load_game(tmp_path)
    with pytest.raises(ArenaError, match=r"cannot read .*: No such file"):
        load_game(tmp_path / "game.tw-pddl")


def test_the_old_verb_and_back() -> None:
    old = reworded(tiny(walkthrough=["look", "move mug 1 to table 2"]), "put")
    assert old["walkthrough"] == ["look", "put mug 1 in/on table 2"]
    game = build_game(old)
    for command in ("go to table 2", "take mug 1 from table 2"):
        state = game.step(command)
    assert "put mug 1 in/on table 1" in state.admissible_commands
    assert game.step("move mug 1 to table 1").observation == "Nothing happens."
    said = game.step("put mug 1 in/on table 1").observation
    assert said == "You put the mug 1 in/on the table 1."
    assert reworded(old, "move")["grammar"] == tiny()["grammar"]


def test_unknown_choices() -> None:
    with pytest.raises(ArenaError, match="unknown backend 'nativ'; did you mean 'native'"):
        build_game(tiny(), "nativ")
    with pytest.raises(ArenaError, match="unknown verb 'place'"):
        build_game(tiny(), verb="place")
