"""docs/tour.md, each command as it is written, in a clean clone."""

from pathlib import Path

import pytest
from walks import (
    ROOT,
    SETUP,
    begun,
    check_options,
    clean_clone,
    commands,
    left_behind,
    walk,
    walking,
)


def lines() -> list[str]:
    """The commands of the tour, in their order."""
    return commands((ROOT / "docs" / "tour.md").read_text(encoding="utf-8"))


def test_it_goes_from_nothing_to_a_row_that_was_submitted() -> None:
    assert lines()[:2] == SETUP
    way = [words.split()[1] for words in begun(lines()[2:], 2) if words.startswith("arlarena ")]
    stops = (
        "doctor", "play", "new", "bench", "table", "evaluate", "submit", "verify", "site",
    )  # fmt: skip
    assert list(dict.fromkeys(way)) == list(stops)


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith("arlarena ")])
def test_every_option_exists(line: str) -> None:
    check_options(line)


@walking
def test_each_command_runs_as_it_is_written(tmp_path: Path) -> None:
    clone = clean_clone(tmp_path / "clone")
    printed = dict(walk(clone, lines()[2:]))
    said = {" ".join(line.split()[1:3]): text for line, text in printed.items()}
    assert "steady (file)" in said["table runs/tour/nano/sokoban"]
    assert "agents-v1: yes" in said["submit nano"]
    assert "verified leaderboard/submissions/tour: " in said["verify leaderboard/submissions/tour"]
    assert (clone / "runs" / "tour" / "site" / "index.html").is_file()
    assert left_behind(clone) == {"leaderboard/submissions/tour/"}
