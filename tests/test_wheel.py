"""What is packaged works by itself: from the sdist a wheel, from the wheel an installation."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from runs import TINY

ROOT = Path(__file__).parents[1]
# Where the folders of packages are installed.
SOURCES = {
    "arlarena_bench": "arlarena_bench",
    "envs": "arlarena_bench/envs",
    "baselines": "arlarena_bench/baselines",
    "leaderboard/rules": "arlarena_bench/rules",
}
SDIST = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By way of the sdist: a wheel straight from here would hold what an earlier build left."""
    folder = tmp_path_factory.mktemp("built")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    made = subprocess.run(
        [sys.executable, "-P", "-c", SDIST, folder], cwd=ROOT, capture_output=True, text=True
    )
    if "No module named 'setuptools'" in made.stderr:
        pytest.skip("setuptools is not installed")
    assert made.returncode == 0, made.stderr
    (sdist,) = folder.glob("*.tar.gz")
    made = subprocess.run([*pip, "-w", folder, sdist], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment that has the wheel, and what it depends on from here."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", scripts / "python"]
    made = subprocess.run(
        [*pip, "install", "-q", "--no-deps", wheel], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    (site,) = folder.glob("**/site-packages")
    # Editable installations are .pth files themselves, which are not read by way of a .pth.
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (site / "shared.pth").write_text("\n".join(shared))
    return scripts


def arlarena(scripts: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ARLARENA_CACHE": str(folder / "cache")}
    environment.pop("PYTHONSAFEPATH", None)
    command = [scripts / "arlarena", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_wheel_holds_code_cards_panels_and_recipes_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {
        f"{place}/{path.relative_to(ROOT / source).as_posix()}"
        for source, place in SOURCES.items()
        for path in (ROOT / source).rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == code
    data = (
        "envs/*/frozen-*/*",
        "envs/*/README.md",
        "baselines/recipes/*.yaml",
        "baselines/recipes/reproduction/*.yaml",
        "baselines/recipes/starts/*/*/*",
        "arlarena_bench/site/assets/*.*",
        "arlarena_bench/site/assets/vendor/*/*",
        "arlarena_bench/site/templates/*",
    )
    kept = {
        f"arlarena_bench/{path.relative_to(ROOT).as_posix().removeprefix('arlarena_bench/')}"
        for pattern in data
        for path in ROOT.glob(pattern)
    }
    rules = {f"arlarena_bench/rules/{p.name}" for p in ROOT.glob("leaderboard/rules/*.yaml")}
    assert rules
    assert kept | rules <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"arlarena_bench"}


@pytest.mark.parametrize("command", ["list", "doctor"])
def test_what_the_wheel_installs_runs_from_an_empty_folder(
    installed: Path, tmp_path: Path, command: str
) -> None:
    done = arlarena(installed, tmp_path, command)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or (command == "doctor" and done.returncode == 1), done.stderr
    assert "arlarena/Sokoban-v0" in done.stdout or "torch" in done.stdout


def test_what_the_wheel_installs_benches_beside_a_strangers_files(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('not this one')\n")
    words = ["bench", "--method", "grpo,sampo", "--seeds", "1", "--out", "runs"]
    for setting in TINY:
        words += ["--set", setting]
    done = arlarena(installed, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert {"grpo", "sampo"} <= {line.split()[0] for line in done.stdout.splitlines() if line}
    assert (tmp_path / "runs" / "nano" / "sokoban" / "curves.png").is_file()
