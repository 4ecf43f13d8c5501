import pickle
import random
from typing import Any

import numpy as np
import pytest

from arlarena_bench.envs.sokoban import Board, Generator
from arlarena_bench.envs.sokoban.board import DIRECTIONS, canonical, symmetries
from arlarena_bench.errors import ArenaError

ROOM = "#######\n#_O√X_#\n#_S__X#\n#X_#__#\n###O_##\n#######"
CORRIDOR = "######\n#PX_O#\n######"


def test_text_survives_the_round_trip() -> None:
    assert str(Board(ROOM)) == ROOM
    assert str(Board("\n" + ROOM + "\n")) == ROOM


def test_rewards_of_one_solution() -> None:
    board = Board("#######\n#P_XO_#\n#######")
    assert [board.move("right"), board.move("RIGHT")] == [-0.1, pytest.approx(10.9)]
    assert board.solved
    assert str(board) == "#######\n#__P√_#\n#######"
    # Off the target again, the player standing on it.
    assert board.move("right") == pytest.approx(-1.1)
    assert str(board) == "#######\n#___SX#\n#######"
    assert not board.solved


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        (CORRIDOR, "left"),  # a wall
        ("########\n#PXX_OO#\n########", "right"),  # a box behind the box
        ("######\n#O_PX#\n######", "right"),  # a wall behind the box
    ],
)
def test_blocked_moves_cost_a_step_and_change_nothing(text: str, direction: str) -> None:
    board = Board(text)
    assert board.move(direction) == -0.1
    assert str(board) == text


def test_a_copy_is_independent() -> None:
    board = Board(CORRIDOR)
    twin = board.copy()
    twin.move("right")
    assert (str(board), str(twin)) == (CORRIDOR, "######\n#_PXO#\n######")
    assert str(pickle.loads(pickle.dumps(twin))) == str(twin)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "exactly one player"),
        ("######\n#PXO#\n######", "row 2 of the board has 5 cells and row 1 has 6"),
        ("#####\n#PXo#\n#####", "unknown symbol 'o'"),
        ("#####\n#_XO#\n#####", "exactly one player .*, this one has 0"),
        ("######\n#PSX_#\n######", "exactly one player .*, this one has 2"),
        ("#####\n#P__#\n#####", "no box"),
        ("######\n#PX_O_\n######", "not enclosed .* row 2, column 6"),
        ("######\n#PXXO#\n######", "2 boxes and 1 targets"),
    ],
)
def test_malformed_boards(text: str, message: str) -> None:
    with pytest.raises(ArenaError, match=message) as caught:
        Board(text)
    assert "\n" not in str(caught.value)


def test_unknown_direction() -> None:
    with pytest.raises(ArenaError, match="unknown direction 'rihgt'; did you mean 'right'"):
        Board(CORRIDOR).move("rihgt")


def test_symmetries() -> None:
    images = symmetries(ROOM)
    assert len(set(images)) == 8
    assert ROOM in images
    assert {canonical(image) for image in images} == {canonical(ROOM)}
    assert canonical(CORRIDOR) != canonical(ROOM)
    quarter_turn = "\n".join("".join(row) for row in zip(*CORRIDOR.split("\n"), strict=True))
    assert quarter_turn in symmetries(CORRIDOR)


def peer_env(board: Board) -> Any:
    """Return gym-sokoban's environment in the state of `board`; its pictures are not drawn."""
    envs = pytest.importorskip("gym_sokoban.envs.sokoban_env", exc_type=ImportError)
    rows = str(board).split("\n")
    codes = np.array([["#_O√XPS".index(symbol) for symbol in row] for row in rows])
    env = envs.SokobanEnv(dim_room=codes.shape, num_boxes=str(board).count("X"), reset=False)
    env.render = lambda mode: None
    env.num_env_steps = 0
    env.room_fixed = np.select([codes == 0, np.isin(codes, (2, 3, 6))], [0, 2], 1)
    env.room_state = np.where(codes == 6, 5, codes)
    env.player_position = np.argwhere(env.room_state == 5)[0]
    env.num_boxes = int(np.isin(codes, (3, 4)).sum())
    env.boxes_on_target = int((codes == 3).sum())
    return env


def peer_text(env: Any) -> str:
    codes = np.where((env.room_state == 5) & (env.room_fixed == 2), 6, env.room_state)
    return "\n".join("".join("#_O√XPS"[code] for code in row) for row in codes)


def test_moves_and_rewards_equal_gym_sokoban() -> None:
    rng = random.Random(0)
    boards = [Board(ROOM), Board(CORRIDOR)]
    for size, boxes in ((6, 1), (6, 2), (8, 3)):
        generator = Generator(size, size, boxes)
        boards += [Board(generator.level(rng).text) for _ in range(40)]
    seen = set()
    for board in boards:
        peer = peer_env(board)
        for _ in range(150):
            action = rng.randrange(4)
            _, reward, _, _ = peer.step(action + 1)
            # To the bit: the same amounts, added in the same order.
            assert board.move(DIRECTIONS[action]) == reward
            assert str(board) == peer_text(peer)
            seen.add(round(reward, 1))
    assert seen >= {-0.1, 0.9, -1.1, 9.9, 10.9}
