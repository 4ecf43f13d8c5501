"""The walk of CONTRIBUTING.md, each command as it is written, in a clean clone."""

import re
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
    """The commands of the walk, in their order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = re.search(r"^## From a clean clone.*?(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert section
    return commands(section[0])


def test_it_walks_a_method_an_environment_and_a_submission() -> None:
    assert lines()[:2] == SETUP
    assert {"arlarena new method", "arlarena new env"} <= {*begun(lines(), 3)}
    kinds = {*begun(lines(), 2)}
    assert {"arlarena bench", "arlarena submit", "arlarena verify", "arlarena play"} <= kinds


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith("arlarena ")])
def test_every_option_exists(line: str) -> None:
    check_options(line)


@walking
def test_each_command_runs_as_it_is_written(tmp_path: Path) -> None:
    clone = clean_clone(tmp_path / "clone")
    for line, printed in walk(clone, lines()[2:]):
        if line.startswith("arlarena verify"):
            assert "verified leaderboard/submissions/damped: " in printed
    assert "### `damped`: verified" in (clone / "runs" / "comment.md").read_text()
    assert "| grpo " in (clone / "runs" / "lamps" / "tiny" / "lamps" / "table.md").read_text()
    assert left_behind(clone) == {
        "baselines/recipes/tiny.lamps.yaml", "envs/__init__.py", "envs/lamps/",
        "leaderboard/submissions/damped/", "pyproject.toml", "tests/envs/lamps/",
    }  # fmt: skip
