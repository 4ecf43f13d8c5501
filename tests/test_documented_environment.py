"""The environment of docs/environments.md, written, checked and trained as a reader would."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import fmean

import pytest

DOCUMENT = Path(__file__).parents[1] / "docs" / "environments.md"
CHECKS = """\
from arlarena_bench.conformance import CHECKS

for check in CHECKS.values():
    check("lamps:Lamps-v0")
"""


def block(language: str, first: str) -> str:
    found = re.search(rf"```{language}\n({first}.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ARLARENA_CACHE": str(folder / "cache")}
    environment.pop("PYTHONSAFEPATH", None)  # a reader's shell has none
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lamps.py").write_text(block("python", '"""lamps'), encoding="utf-8")
    (tmp_path / "lamps.yaml").write_text(block("yaml", "# lamps"), encoding="utf-8")
    return tmp_path


def test_it_fits_a_screen() -> None:
    assert len(block("python", '"""lamps').splitlines()) <= 50


def test_it_keeps_every_promise(folder: Path) -> None:
    used = run(folder, "-c", block("python", "import gymnasium") + CHECKS)
    assert used.returncode == 0, used.stderr


def test_it_trains(folder: Path) -> None:
    command = re.search(r"^python (-m arlarena_bench train .*)$", DOCUMENT.read_text(), re.M)
    assert command
    trained = run(folder, *command[1].split())
    assert trained.returncode == 0, trained.stderr
    lines = (folder / "runs/lamps/metrics.jsonl").read_text().splitlines()
    success = [step["success/train"] for step in map(json.loads, lines) if step["step"]]
    assert fmean(success[-5:]) > fmean(success[:5]) + 0.2
