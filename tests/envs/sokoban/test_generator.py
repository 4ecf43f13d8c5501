import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from arlarena_bench.envs.sokoban import Board, Generator, solve
from arlarena_bench.envs.sokoban.board import canonical
from arlarena_bench.errors import ArenaError


@pytest.mark.parametrize(
    ("generator", "count"),
    [
        (Generator(6, 6, 1), 200),
        (Generator(6, 6, 2), 200),
        (Generator(5, 9, 2), 50),
        (Generator(3, 8, 1), 50),
        (Generator(10, 10, 4), 3),
    ],
)
def test_levels_are_what_was_asked_for(generator: Generator, count: int) -> None:
    rng = Random(0)
    for _ in range(count):
        level = generator.level(rng)
        board = Board(level.text)
        assert level.text.count("X") == generator.boxes
        assert "√" not in level.text
        rows = level.text.split("\n")
        assert (len(rows), len(rows[0])) == (generator.rows, generator.columns)
        assert len(level.solution) == len(solve(board) or [])
        for direction in level.solution:
            assert not board.solved
            board.move(direction)
        assert board.solved


def test_range_of_moves() -> None:
    rng = Random(0)
    generator = Generator(6, 6, 1, min_moves=3, max_moves=9)
    lengths = {len(generator.level(rng).solution) for _ in range(200)}
    assert lengths == set(range(3, 10))


def test_levels_are_diverse() -> None:
    rng = Random(0)
    for boxes, distinct in ((1, 400), (2, 450)):
        levels = [Generator(6, 6, boxes).level(rng) for _ in range(500)]
        assert len({canonical(level.text) for level in levels}) >= distinct
        assert len({len(level.solution) for level in levels}) >= 12


def test_deeper_play_makes_longer_levels() -> None:
    def mean_moves(depth: int) -> float:
        rng = Random(0)
        generator = Generator(7, 7, 2, search_depth=depth)
        return sum(len(generator.level(rng).solution) for _ in range(60)) / 60

    assert mean_moves(2) < mean_moves(30) - 2


def test_excluded_levels_are_drawn_again() -> None:
    generator = Generator(6, 6, 1)
    first = generator.level(Random(5))
    other = generator.level(Random(5), excluded=frozenset({first.text}))
    assert other.text != first.text
    # The retry goes on with the same stream: it is what an unrestricted draw gives second.
    rng = Random(5)
    assert [generator.level(rng).text for _ in range(2)] == [first.text, other.text]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rows": 3, "columns": 4, "boxes": 1}, "3x4.*too small for 1 box;"),
        ({"rows": 4, "columns": 4, "boxes": 1}, "4x4.*too small"),
        ({"rows": 5, "columns": 5, "boxes": 5}, "too small for 5 boxes;"),
        ({"rows": 6, "columns": 6, "boxes": 0}, "boxes must be .* at least 1, got 0"),
        ({"rows": 6.0, "columns": 6, "boxes": 1}, "rows must be a whole number"),
        ({"rows": 6, "columns": 6, "boxes": True}, "boxes must be a whole number"),
        ({"rows": 6, "columns": 6, "boxes": 1, "search_depth": "30"}, "search_depth must be"),
        ({"rows": 6, "columns": 6, "boxes": 1, "min_moves": 5, "max_moves": 4}, "below min_moves"),
    ],
)
def test_bad_settings(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        Generator(**settings)


def test_impossible_ranges_end() -> None:
    with pytest.raises(ArenaError, match=r"none of .* rooms of 5x5 gave a level of 1 boxes"):
        Generator(5, 5, 1, min_moves=100).level(Random(0))


def test_same_bytes_in_any_process(tmp_path: Path) -> None:
    program = (
        "import sys, random; from arlarena_bench.envs.sokoban import Generator\n"
        "rng = random.Random(7)\n"
        "for boxes in (1, 2):\n"
        "    for _ in range(20): print(Generator(6, 6, boxes).level(rng))"
    )

    def run(hash_seed: str, folder: Path) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", program]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=True
        ).stdout

    assert run("0", tmp_path) == run("4711", Path("/")) != b""
