"""No check depends on what earlier commands have left in the folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
OURS = ("arlarena_bench", "baselines", "benchmarks", "envs", "tests")
FILES = ("Makefile", "README.md", "constraints.txt", "pyproject.toml")
WRONG = """
import os,sys
import numpy
raise SystemExit('this file is not ours')
"""
LEFT = (
    "arlarena_bench.egg-info/__init__.py",
    "build/lib/arlarena_bench/gone.py",
    "build/typing/arlarena_bench/gone.py",
    "dist/test_gone.py",
    "numpy/__init__.py",
    "pytest/__init__.py",
    "runs/__init__.py",
    "runs/bench/README.md",
    "runs/bench/test_run.py",
    "signpost/__init__.py",
    "yaml.py",
    ".venv-foreign/lib/module.py",
)
CHECKS = {"lint": "ruff", "types": "mypy", "test": "pytest"}


@pytest.fixture(scope="module")
def littered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("checkout")
    for name in OURS:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(ROOT / name, tree / name)
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", tree / ".mypy_cache")
    for name in LEFT:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(WRONG)
    return tree


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("check", CHECKS)
def test_a_check_passes_in_a_folder_full_of_leftovers(littered: Path, check: str) -> None:
    if not shutil.which(CHECKS[check], path=str(BIN)):
        pytest.skip(f"{CHECKS[check]} is not installed")
    tests = "tests/test_draw.py tests/report/test_metrics.py"
    make = ["make", "-o", "setup", check, f"BIN={BIN}", f"TESTS={tests}"]
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONSAFEPATH", "MAKEFLAGS")}
    done = subprocess.run(make, cwd=littered, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in LEFT:
        if not name.startswith("build/typing/"):  # which `make types` makes anew
            assert (littered / name).read_text() == WRONG
