from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from panel_copies import copied_panels

from arlarena_bench.envs.tir_math import panels
from arlarena_bench.envs.tir_math.problems import normalised
from arlarena_bench.errors import ArenaError
from arlarena_bench.task_set import HELD_OUT

DIGESTS = {
    ("full", "validation"): "5ec2656a33c848ff5cea2c6c409e0f7e5b960610e8854b5885d53975b288e80a",
    ("full", "test"): "6c4ec4f71d2c149d30b10382c6e2e62974512ce1b2ce481f18e6443c98b1931e",
    ("mini", "validation"): "c6bae368f99950eae8a91c9087bfbe6d3479be1db010f600ca43abc64d40bb81",
    ("mini", "test"): "b42a805b02ed94125652d47ca485f20dee0282e4fa293a895053990d7225eeb7",
}


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Path]:
    with copied_panels(panels, tmp_path) as folder:
        yield folder


@pytest.mark.parametrize("size", panels.NAMES)
def test_files_are_made_again_to_the_byte(size: str) -> None:
    for name, text in panels.make(size).items():
        assert (panels.FOLDER / name).read_bytes() == text.encode()


@pytest.mark.parametrize(("size", "split"), DIGESTS)
def test_panels_stay_as_they_were_published(size: str, split: str) -> None:
    listed = panels.problem_set(size).frozen(split)
    count = panels.EACH[size] * len(panels.kinds(size))
    assert list(listed) == [f"{number:04d}" for number in range(count)]
    assert panels.problem_set(size).panel(split).digest == DIGESTS[size, split]


@pytest.mark.parametrize("size", panels.NAMES)
@pytest.mark.parametrize("split", HELD_OUT)
def test_kinds_are_balanced(size: str, split: str) -> None:
    listed = [problem.kind for problem in panels.problem_set(size).frozen(split).values()]
    assert Counter(listed) == dict.fromkeys(panels.kinds(size), panels.EACH[size])
    # So are they at the beginning, which a smaller evaluation takes.
    assert listed[: len(panels.kinds(size))] == panels.kinds(size)


@pytest.mark.parametrize("size", panels.NAMES)
def test_no_problem_is_in_two_places(size: str) -> None:
    ids = [f"{split}/{n}" for split in HELD_OUT for n in panels.problem_set(size).frozen(split)]
    frozen = [panels.find(task_id, size) for task_id in ids]
    assert len({panels.key(problem) for problem in frozen}) == len(frozen)
    texts = {normalised(problem.text) for problem in frozen}
    assert len(texts) == len(frozen)
    trained = [panels.find(f"train/{n}", size) for n in range(2000)]
    assert texts.isdisjoint(normalised(problem.text) for problem in trained)
    assert panels.problem_set(size).held_out_keys.isdisjoint(
        panels.key(problem) for problem in trained
    )


def test_training_would_meet_the_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rule, the streams of training tasks draw problems of the panels."""
    held_out = panels.problem_set("full").held_out_keys
    panels.find.cache_clear()
    monkeypatch.setattr(panels.Problems, "held_out_keys", frozenset())
    panels.problem_set.cache_clear()
    drawn = [panels.find(f"train/{n}", "full") for n in range(2000)]
    panels.find.cache_clear()
    panels.problem_set.cache_clear()
    assert any(panels.key(problem) in held_out for problem in drawn)


def test_training_has_every_kind() -> None:
    drawn = [panels.find(f"train/{n}", "full") for n in range(2000)]
    counts = Counter(f"{p.family}/{p.level}" for p in drawn)
    assert set(counts) == set(panels.kinds("full"))
    assert min(counts.values()) >= 15
    assert len({panels.key(p) for p in drawn}) > 1900


@pytest.mark.parametrize(
    "task_id",
    ["", "train", "train/", "train/01", "train/1.5", "train/x", "test/1", "test/9999", "tset/0000"],
)
def test_unknown_tasks(task_id: str) -> None:
    with pytest.raises(ArenaError, match="no task"):
        panels.find(task_id, "full")


def test_a_changed_file_is_refused(copied: Path) -> None:
    path = copied / "full-test.txt"
    path.write_text(path.read_text().replace("arithmetic/1", "arithmetic/2", 1))
    with pytest.raises(ArenaError, match=r"full-test\.txt is not the file of SHA256SUMS"):
        panels.problem_set("full").frozen("test")
    assert panels.problem_set("full").frozen("validation")


def test_a_changed_generator_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    panels.find.cache_clear()
    original = panels.draw_problem
    monkeypatch.setattr(
        panels, "draw_problem", lambda *args: original(*args)._replace(text="What is 1 + 1?")
    )
    with pytest.raises(ArenaError, match="test/0000 is not the problem that was frozen"):
        panels.find("test/0000", "full")
    panels.find.cache_clear()


def test_there_is_no_training_panel() -> None:
    with pytest.raises(ArenaError, match="tir-math has no train panel"):
        panels.problem_set("full").panel("train")
