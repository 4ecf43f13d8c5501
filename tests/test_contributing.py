"""The walk of CONTRIBUTING.md, each command as it is written, in a clean clone."""

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arlarena_bench.cli import app

ROOT = Path(__file__).parents[1]
walking = pytest.mark.skipif(
    "ARLARENA_WALK" not in os.environ, reason="takes minutes: `make contributing` runs it"
)


def walk() -> list[str]:
    """The commands of the walk, in their order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = re.search(r"^## From a clean clone.*?(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert section
    blocks = re.findall(r"^```\n(.*?)^```", section[0], re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def test_it_walks_a_method_an_environment_and_a_submission() -> None:
    begun = [" ".join(shlex.split(line)[:3]) for line in walk()]
    assert begun[:2] == ["make setup", "source .venv/bin/activate"]
    for step in ("arlarena new method", "arlarena new env"):
        assert step in begun
    kinds = [" ".join(words.split()[:2]) for words in begun]
    assert {"arlarena bench", "arlarena submit", "arlarena verify", "arlarena play"} <= {*kinds}


@pytest.mark.parametrize("line", [line for line in walk() if line.startswith("arlarena ")])
def test_every_option_exists(line: str) -> None:
    words = shlex.split(line)[1:]
    command = words[:2] if words[0] == "new" else words[:1]
    told = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    options = {word for word in words if word.startswith("--")}
    assert options <= set(re.findall(r"--[a-z-]+", told.output))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone with an environment that has what it needs from here, and itself."""
    folder = tmp_path_factory.mktemp("walk") / "clone"
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    venv.create(folder / ".venv", with_pip=False)
    (site,) = (folder / ".venv").glob("**/site-packages")
    # Editable installations are .pth files themselves, which are not read by way of a .pth.
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (site / "shared.pth").write_text("\n".join(shared))
    python = folder / ".venv" / "bin" / "python"
    install = ["install", "-q", "--no-deps", "--no-build-isolation", "-e", "."]
    subprocess.run([python, "-m", "pip", *install], cwd=folder, check=True)
    runner = python.with_name("pytest")
    runner.write_text(f'#!/bin/sh\nexec {python} -m pytest "$@"\n')
    runner.chmod(0o755)
    return folder


@walking
def test_each_command_runs_as_it_is_written(clone: Path) -> None:
    shell = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    shell["PATH"] = f"{clone / '.venv' / 'bin'}:{shell['PATH']}"
    shell["ARLARENA_CACHE"] = str(clone.parent / "cache")
    for line in walk()[2:]:
        done = subprocess.run(
            ["bash", "-ec", line],
            cwd=clone,
            env=shell,
            input="q\n",  # who plays, leaves
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if line.startswith("arlarena verify"):
            assert "verified leaderboard/submissions/damped: " in done.stdout
    assert "### `damped`: verified" in (clone / "runs" / "comment.md").read_text()
    assert "| grpo " in (clone / "runs" / "lamps" / "tiny" / "lamps" / "table.md").read_text()
    changed = subprocess.run(
        ["git", "status", "--short"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert {line.split()[-1] for line in changed.stdout.splitlines()} == {
        "baselines/recipes/tiny.lamps.yaml", "envs/__init__.py", "envs/lamps/",
        "leaderboard/submissions/damped/", "pyproject.toml", "tests/envs/lamps/",
    }  # fmt: skip
