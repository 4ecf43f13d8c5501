"""Documents that are walked through: each command as it is written, in a clean clone."""

import os
import re
import shlex
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arlarena_bench.cli import app

ROOT = Path(__file__).parents[1]
SETUP = ["make setup", "source .venv/bin/activate"]
walking = pytest.mark.skipif(
    "ARLARENA_WALK" not in os.environ, reason="takes minutes: `make contributing` runs it"
)


def commands(text: str) -> list[str]:
    """The lines of all blocks without a language; one that ends in a backslash goes on."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def begun(lines: Sequence[str], words: int) -> list[str]:
    """The first words of each."""
    return [" ".join(shlex.split(line)[:words]) for line in lines]


def check_options(line: str) -> None:
    """Compare a command's options with what its help lists."""
    words = shlex.split(line)[1:]
    command = words[:2] if words[0] == "new" else words[:1]
    told = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    options = {word for word in words if word.startswith("--")}
    assert options <= set(re.findall(r"--[a-z-]+", told.output))


def clean_clone(folder: Path) -> Path:
    """A clone with an environment that has what it needs from here, and itself."""
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


def walk(clone: Path, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Run commands one after the other; yield each with what it printed."""
    shell = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    shell["PATH"] = f"{clone / '.venv' / 'bin'}:{shell['PATH']}"
    shell["ARLARENA_CACHE"] = str(clone.parent / "cache")
    for line in lines:
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
        yield line, done.stdout


def left_behind(clone: Path) -> set[str]:
    """What git sees as new or changed."""
    changed = subprocess.run(
        ["git", "status", "--short"], cwd=clone, capture_output=True, text=True, check=True
    )
    return {line.split()[-1] for line in changed.stdout.splitlines()}
