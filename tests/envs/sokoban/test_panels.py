from collections.abc import Iterator
from pathlib import Path

import pytest
from panel_copies import copied_panels

from arlarena_bench.envs.sokoban import Board, panels, solve
from arlarena_bench.envs.sokoban.board import canonical, symmetries
from arlarena_bench.envs.sokoban.env import SokobanEnv
from arlarena_bench.errors import ArenaError
from arlarena_bench.frozen import CHECKSUMS
from arlarena_bench.task_set import HELD_OUT, digest_of, sha256

DIGESTS = {
    ("6x6-1box", "validation"): "1e40d66bdf588b9bbc8a3048be46ee3df34ba435a3b97e2832c2f2812429b778",
    ("6x6-1box", "test"): "5195da51120866767251bf0c6e17a9b859dd62f7eec65e2cf1ac60bbedec6e4d",
    (
        "6x6-2boxes",
        "validation",
    ): "9d23c351b6ba1712889adfb193f0ded23872d21d9d293e9b0f8ce35402086bef",
    ("6x6-2boxes", "test"): "4b18dc6a87d529fecef952149602c22b601da4952722a7a31f8601472d9fa5b7",
}


def levels_of(kind: str) -> panels.Levels:
    return panels.levels(panels.MADE_FOR[panels.KINDS.index(kind)])


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Path]:
    with copied_panels(panels, tmp_path) as folder:
        yield folder


@pytest.mark.parametrize("generator", panels.MADE_FOR, ids=panels.KINDS)
def test_files_are_made_again_to_the_byte(generator: panels.Generator) -> None:
    for name, text in panels.make(generator).items():
        assert (panels.FOLDER / name).read_bytes() == text.encode()


@pytest.mark.parametrize(("kind", "split"), DIGESTS)
def test_panels_stay_as_they_were_published(kind: str, split: str) -> None:
    levels = levels_of(kind).frozen(split)
    assert list(levels) == [f"{number:04d}" for number in range(512)]
    assert levels_of(kind).panel(split).digest == DIGESTS[kind, split]


@pytest.mark.parametrize("kind", panels.KINDS)
def test_no_level_is_in_two_places(kind: str) -> None:
    levels = [level for split in HELD_OUT for level in levels_of(kind).frozen(split).values()]
    assert len({canonical(level.text) for level in levels}) == len(levels) == 1024


@pytest.mark.parametrize("kind", panels.KINDS)
def test_moves_are_those_of_a_shortest_solution(kind: str) -> None:
    for split in HELD_OUT:
        for level in levels_of(kind).frozen(split).values():
            assert len(solve(Board(level.text)) or []) == level.moves > 0


@pytest.mark.parametrize("boxes", [1, 2])
def test_training_avoids_the_panels(boxes: int) -> None:
    env = SokobanEnv(boxes=boxes)
    kind = panels.kind_of(env.tasks.generator)
    levels = [level for split in HELD_OUT for level in levels_of(kind).frozen(split).values()]
    frozen = {canonical(level.text) for level in levels}
    trained, unrestricted = set(), set()
    for number in range(400):
        env.reset(options={"task_id": f"train/{number}"})
        trained.add(canonical(env.observe()))
        unrestricted.add(
            canonical(env.tasks.generator.level(panels.stream(kind, "train", number)).text)
        )
    assert trained.isdisjoint(frozen)
    # Without the rule these very streams would have given levels of the panels.
    assert not unrestricted.isdisjoint(frozen)


def test_held_out_holds_every_image() -> None:
    level = levels_of("6x6-1box").frozen("test")["0000"]
    assert panels.held_out("6x6-1box") >= set(symmetries(level.text))
    assert panels.held_out("7x7-1box") == frozenset()


def test_a_changed_file_is_refused(copied: Path) -> None:
    path = copied / "6x6-1box-test.txt"
    path.write_text(path.read_text().replace("X", "_", 1))
    with pytest.raises(ArenaError, match=r"6x6-1box-test\.txt is not the file of SHA256SUMS"):
        levels_of("6x6-1box").frozen("test")
    assert levels_of("6x6-1box").frozen("validation")


def test_a_missing_file_or_sum_is_refused(copied: Path) -> None:
    (copied / "6x6-1box-test.txt").unlink()
    with pytest.raises(ArenaError, match="cannot read "):
        levels_of("6x6-1box").frozen("test")
    (copied / CHECKSUMS).write_text("garbage\n")
    with pytest.raises(ArenaError, match="cannot read "):
        levels_of("6x6-1box").frozen("validation")


def test_panel_of_a_range_of_moves() -> None:
    everything = SokobanEnv().tasks.panel("test")
    part = SokobanEnv(min_moves=3, max_moves=9).tasks.panel("test")
    assert everything.name == "sokoban-6x6-1box/test"
    assert part.name == "sokoban-6x6-1box-3to9moves/test"
    assert set(part.task_ids) < set(everything.task_ids)
    assert list(part.task_ids) == sorted(part.task_ids)
    texts = []
    env = SokobanEnv(min_moves=3, max_moves=9)
    for task_id in part.task_ids:
        texts.append(env.reset(options={"task_id": task_id})[0])
        assert 3 <= len(env.demonstrator.oracle()) <= 9
    assert part.digest == digest_of(map(sha256, texts))
    left_out = next(task_id for task_id in everything.task_ids if task_id not in part.task_ids)
    with pytest.raises(ArenaError, match=r"no task .*-3to9moves has train/<integer>, validation/"):
        env.reset(options={"task_id": left_out})


@pytest.mark.parametrize(
    ("settings", "split", "message"),
    [
        (
            {"size": 8, "boxes": 2},
            "test",
            "8x8-2boxes has no test panel, only 6x6-1box and",
        ),
        ({}, "tset", "unknown panel of sokoban-6x6-1box 'tset'; did you mean 'test'"),
        ({}, "train", "sokoban-6x6-1box has no train panel"),
        ({"min_moves": 500}, "test", "is empty; widen"),
    ],
)
def test_panels_that_do_not_exist(settings: dict[str, int], split: str, message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        SokobanEnv(**settings).tasks.panel(split)
