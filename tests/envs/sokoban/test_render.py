import gymnasium as gym
import numpy as np
import pytest

import arlarena_bench  # noqa: F401, registers the environments
from arlarena_bench.envs.sokoban import Board
from arlarena_bench.envs.sokoban.board import SYMBOLS
from arlarena_bench.envs.sokoban.env import SokobanEnv
from arlarena_bench.envs.sokoban.render import TILE, picture

ROOM = "#######\n#_O√X_#\n#_P__X#\n#X_#O_#\n###O_##\n#######"


def test_picture_has_a_tile_for_each_cell() -> None:
    pixels = picture(Board(ROOM))
    assert pixels.shape == (6 * TILE, 7 * TILE, 3)
    assert pixels.dtype == np.uint8
    tile = {}
    for row, symbols in enumerate(ROOM.split("\n")):
        for column, symbol in enumerate(symbols):
            part = pixels[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            assert np.array_equal(tile.setdefault(symbol, part), part)


def test_every_symbol_is_told_apart() -> None:
    row = "###########\n#P√X_#O___#\n###########"
    on_target = "###########\n#S√X_#____#\n###########"
    tiles = set()
    for text in (row, on_target):
        pixels = picture(Board(text))[TILE : 2 * TILE]
        tiles |= {pixels[:, at : at + TILE].tobytes() for at in range(0, 11 * TILE, TILE)}
    assert len(tiles) == len(SYMBOLS)


def test_render_modes() -> None:
    env = SokobanEnv(render_mode="rgb_array")
    env.reset(options={"task_id": "test/0000"})
    before = env.render()
    env.step(env.demonstrator.oracle()[0])
    assert before.shape == (192, 192, 3)
    assert not np.array_equal(before, env.render())
    text = SokobanEnv(render_mode="ansi")
    text.reset(options={"task_id": "test/0000"})
    assert text.render() == text.observe()
    silent = SokobanEnv()
    silent.reset(seed=0)
    assert silent.render() is None


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_gym_make_passes_the_mode_on(mode: str) -> None:
    env = gym.make("arlarena/Sokoban-v0", render_mode=mode)
    env.reset(seed=0)
    assert env.render() is not None
