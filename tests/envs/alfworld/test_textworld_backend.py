import importlib.util
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tiny_household import PROBLEM, tiny

from arlarena_bench.envs.alfworld import build_game
from arlarena_bench.envs.alfworld.textworld_backend import INSTALL, PACKAGES
from arlarena_bench.errors import ArenaError

INSTALLED = all(map(importlib.util.find_spec, PACKAGES))
installed = pytest.mark.skipif(not INSTALLED, reason=f"needs the original: {INSTALL}")

WAY = ("go to table 2", "take mug 1 from table 2", "go to fridge 1", "open fridge 1")


@pytest.mark.skipif(INSTALLED, reason="the original is installed")
def test_without_it_the_error_says_how_to_get_it() -> None:
    with pytest.raises(ArenaError, match=r'pip install "arlarena-bench\[alfworld\]"'):
        build_game(tiny(), "textworld")


@installed
def test_it_leaves_the_process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    before = sys.argv, list(sys.argv), sys.stdout
    build_game(tiny(), "textworld").reset()
    assert (sys.argv, list(sys.argv), sys.stdout) == before
    assert "ALFWORLD_DATA" not in os.environ


@installed
def test_several_threads_play_at_once() -> None:
    def play(_: int) -> list[str]:
        game = build_game(tiny(), "textworld")
        return [game.step(command).observation for command in WAY]

    native = build_game(tiny())
    expected = [native.step(command).observation for command in WAY]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(play, range(8))) == [expected] * 8


@installed
def test_games_alive_together_do_not_mix() -> None:
    first, second = (build_game(tiny(), "textworld") for _ in range(2))
    first.step("go to fridge 1")
    assert "go to fridge 1" in second.step("look").admissible_commands
    assert first.names == second.names == build_game(tiny()).names
    assert first.goal == build_game(tiny()).goal


@installed
def test_a_game_it_cannot_load() -> None:
    endless = PROBLEM.replace("(is ?o mug)", "(is ?o cup)")
    with pytest.raises(ArenaError, match="textworld cannot load the game") as caught:
        build_game(tiny(pddl_problem=endless), "textworld")
    assert "\n" not in str(caught.value)
