from pathlib import PurePosixPath

import pytest

from arlarena_bench.site.addresses import LONGEST, distinct, slug, slug_of_path


@pytest.mark.parametrize("name", ["grpo", "grpo_x2", "a-b.c"])
def test_plain_names_stay_as_they_are(name: str) -> None:
    assert slug(name) == name


@pytest.mark.parametrize(
    "name", ["mine (file)", "GRPO", "dist:name", "Größe (file)", "x" * 500, "..", "", "a/b", "con."]
)
def test_other_names_become_short_file_names(name: str) -> None:
    made = slug(name)
    assert made.isascii()
    assert made == made.lower()
    assert len(made) <= LONGEST + 9
    assert not {"/", "\\", ":", " "} & set(made)
    assert made.strip(".") == made


def test_no_two_names_are_one_file() -> None:
    names = ["mine (file)", "mine file", "mine", "Mine", "MINE", "x" * 90, "x" * 91]
    assert len({slug(name) for name in names}) == len(names)


def test_folders_are_named_by_their_way() -> None:
    assert slug_of_path(PurePosixPath("nano/sokoban")) == "nano.sokoban"
    assert slug_of_path(PurePosixPath(".")) == "all"


def test_repeated_names_are_numbered() -> None:
    assert distinct(["a", "b", "a"]) == ["a", "b", "a--2"]
