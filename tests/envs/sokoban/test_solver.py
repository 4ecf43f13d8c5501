from random import Random

import pytest

from arlarena_bench.envs.sokoban import Board, Generator, solve
from arlarena_bench.envs.sokoban.board import DIRECTIONS
from arlarena_bench.errors import ArenaError


def shortest_by_brute_force(board: Board) -> int | None:
    """Breadth first over whole boards, with no knowledge of the game but `Board.move`."""
    frontier, seen, depth = [board], {str(board)}, 0
    while frontier:
        if any(reached.solved for reached in frontier):
            return depth
        following = []
        for reached in frontier:
            for direction in DIRECTIONS:
                after = reached.copy()
                after.move(direction)
                if str(after) not in seen:
                    seen.add(str(after))
                    following.append(after)
        frontier, depth = following, depth + 1
    return None


def play(board: Board, directions: list[str]) -> Board:
    for direction in directions:
        assert not board.solved, "moves go on after the end"
        board.move(direction)
    return board


@pytest.mark.parametrize("boxes", [1, 2])
def test_optimal_and_complete(boxes: int) -> None:
    """From generated levels, and from wherever random play leads, dead ends included."""
    rng = Random(boxes)
    generator = Generator(6, 6, boxes)
    unsolvable = 0
    for _ in range(30):
        board = Board(generator.level(rng).text)
        for _ in range(3):
            solution = solve(board)
            expected = shortest_by_brute_force(board)
            assert (None if solution is None else len(solution)) == expected
            if solution is None:
                unsolvable += 1
            else:
                assert play(board.copy(), solution).solved
            for _ in range(6):
                board.move(rng.choice(DIRECTIONS))
    assert unsolvable > 5


def test_leaves_the_board_alone_and_repeats_itself() -> None:
    text = Generator(8, 8, 3).level(Random(1)).text
    board = Board(text)
    assert solve(board) == solve(board)
    assert str(board) == text


def test_solved_and_unsolvable_boards() -> None:
    assert solve(Board("#####\n#P√_#\n#####")) == []
    assert solve(Board("#####\n#X__#\n#_PO#\n#####")) is None
    assert solve(Board("#######\n#P_#OX#\n#######")) is None  # behind a wall


def test_what_is_out_of_reach_does_not_matter() -> None:
    assert solve(Board("√_#####\n__#PXO#\n_X#####\nO_#####")) is None
    assert solve(Board("√_#####\n__#PXO#\n_√#####")) == ["right"]


def test_gives_up_at_the_limit() -> None:
    board = Board(Generator(8, 8, 3).level(Random(2)).text)
    with pytest.raises(ArenaError, match="gave up after 3 positions"):
        solve(board, position_limit=3)
