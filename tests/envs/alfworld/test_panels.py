from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from panel_copies import copied_panels

from arlarena_bench.envs.alfworld import panels
from arlarena_bench.envs.alfworld.catalogue import find
from arlarena_bench.envs.alfworld.goals import TASKS
from arlarena_bench.envs.alfworld.rooms import kind_of, plans
from arlarena_bench.errors import ArenaError
from arlarena_bench.frozen import CHECKSUMS
from arlarena_bench.task_set import HELD_OUT

DIGESTS = {
    ("full", "validation"): "3b09a2e66f605f98ed77a56709ba52f6f2bb404b69d172b80695e79df92706d4",
    ("full", "test"): "50fd7606360b9a721d7b7d68d9479be79605d95cfb213a7e5eac6d77496601a9",
    ("mini", "validation"): "b4bb0efb5151fcec01b4f1ed77a39c5d50294c109f83be2107ca6636ff2d2062",
    ("mini", "test"): "e712f306de93547cf53785e40d84d19305b277a568f2702ff4772613e38977ac",
}


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Path]:
    with copied_panels(panels, tmp_path) as folder:
        yield folder


@pytest.mark.parametrize("size", panels.SIZES)
def test_files_are_made_again_to_the_byte(size: str) -> None:
    for name, text in panels.make(size).items():
        assert (panels.FOLDER / name).read_bytes() == text.encode()


@pytest.mark.parametrize(("size", "split"), DIGESTS)
def test_panels_stay_as_they_were_published(size: str, split: str) -> None:
    tasks = panels.households(size).frozen(split)
    assert list(tasks) == [f"{number:04d}" for number in range(panels.TASKS_OF[size][split])]
    assert panels.households(size).panel(split).digest == DIGESTS[size, split]


@pytest.mark.parametrize(("size", "split"), DIGESTS)
def test_types_of_task_are_balanced(size: str, split: str) -> None:
    tasks = panels.households(size).frozen(split).values()
    counts = Counter(frozen.task.goal.task for frozen in tasks)
    assert set(counts) == set(TASKS)
    assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize("size", panels.SIZES)
def test_no_scene_is_in_two_places(size: str) -> None:
    tasks = [task for split in HELD_OUT for task in panels.households(size).frozen(split).values()]
    assert len({task.digest for task in tasks}) == len(tasks)
    assert len(panels.households(size).held_out_scenes) == len(tasks)


@pytest.mark.parametrize(("split", "seen"), [("validation", True), ("test", False)])
def test_test_rooms_are_not_trained_in(split: str, seen: bool) -> None:
    for frozen in panels.households("full").frozen(split).values():
        kind = kind_of(int(frozen.task.plan))
        assert kind
        assert int(frozen.task.plan) in plans(kind, seen=seen)


@pytest.mark.parametrize(("size", "split"), DIGESTS)
def test_every_task_is_still_drawn_as_published(size: str, split: str) -> None:
    for number in panels.households(size).frozen(split):
        task, scene = find(f"{split}/{number}", size)
        assert task.goal == scene.goal


def test_a_changed_file_is_refused(copied: Path) -> None:
    path = copied / "full-test.txt"
    path.write_text(path.read_text().replace("trial_", "trial_1", 1))
    with pytest.raises(ArenaError, match=r"full-test\.txt is not the file of SHA256SUMS"):
        panels.households("full").frozen("test")
    assert panels.households("full").frozen("validation")


def test_a_missing_file_or_sum_is_refused(copied: Path) -> None:
    (copied / "full-test.txt").unlink()
    with pytest.raises(ArenaError, match="cannot read "):
        panels.households("full").frozen("test")
    (copied / CHECKSUMS).write_text("garbage\n")
    with pytest.raises(ArenaError, match="cannot read "):
        panels.households("full").frozen("validation")


def test_panels_that_do_not_exist() -> None:
    with pytest.raises(ArenaError, match="unknown panel of alfworld 'tset'; did you mean 'test'"):
        panels.households("full").panel("tset")
