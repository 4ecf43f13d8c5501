"""What `arlarena new` writes passes its own tests, and nothing is overwritten."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.scaffold.scaffolding import clone_root

ROOT = Path(__file__).parents[2]


def invoke(folder: Path, *words: str) -> Result:
    """The command as it is given in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        return CliRunner().invoke(app, ["new", *words])
    finally:
        os.chdir(before)


def new(folder: Path, *words: str) -> str:
    """What the command prints."""
    done = invoke(folder, *words)
    assert done.exit_code == 0, done.output
    return done.output


def refused(folder: Path, *words: str) -> str:
    """The one line that the command is refused with; nothing is left behind."""
    before = sorted(folder.rglob("*"))
    done = invoke(folder, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert sorted(folder.rglob("*")) == before
    return line


@pytest.mark.parametrize(
    ("kind", "name", "place"),
    [("method", "damped", "test_damped.py"), ("env", "little_lamps", "little_lamps")],
)
def test_what_is_written_passes_its_tests(tmp_path: Path, kind: str, name: str, place: str) -> None:
    told = new(tmp_path, kind, name, "--out", "my own").splitlines()
    assert f"  pytest 'my own/{place}'" in told
    shell = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", place],
        cwd=tmp_path / "my own",
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def clone(folder: Path) -> Path:
    """As much of a clone as is looked at."""
    folder.mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "envs").mkdir()
    shutil.copy(ROOT / "envs" / "__init__.py", folder / "envs")
    return folder


def test_in_a_clone_all_goes_where_its_own_are(tmp_path: Path) -> None:
    place = clone(tmp_path / "clone")
    (place / "docs").mkdir()
    assert clone_root(place / "docs") == place
    assert clone_root(tmp_path) is None
    told = new(place, "method", "damped") + new(place, "env", "little_lamps")
    assert "edited pyproject.toml" in told
    assert "  make setup" in told.splitlines()
    files = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert files == {
        "pyproject.toml", "baselines/damped.py", "tests/baselines/test_damped.py",
        "envs/__init__.py", "envs/little_lamps/__init__.py", "envs/little_lamps/env.py",
        "envs/little_lamps/tasks.py", "envs/little_lamps/player.py", "envs/little_lamps/view.py",
        "envs/little_lamps/README.md", "baselines/recipes/tiny.little_lamps.yaml",
        "tests/envs/little_lamps/test_env.py",
    }  # fmt: skip
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = tomllib.loads((place / "pyproject.toml").read_text())
    methods = project["project"]["entry-points"]["arlarena_bench.methods"]
    assert methods.pop("damped") == "arlarena_bench.baselines.damped:damped"
    settings = project["tool"]["setuptools"]
    assert settings["packages"] == sorted(settings["packages"])
    settings["packages"].remove("arlarena_bench.envs.little_lamps")
    assert settings["package-data"].pop("arlarena_bench.envs.little_lamps") == ["README.md"]
    assert project == ours
    registered = ast.parse((place / "envs" / "__init__.py").read_text())
    assert "LittleLamps-v0" in ast.unparse(registered.body[-1])


def test_what_is_written_is_in_the_projects_style(tmp_path: Path) -> None:
    place = clone(tmp_path / "clone")
    longest = "a" * 30
    for words in (("method", longest), ("env", longest), ("env", "little_lamps")):
        new(place, *words)
    ruff = shutil.which("ruff", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert ruff is not None
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run([ruff, *command, "."], cwd=place, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", ["method", "env"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two words", "is no name for"),
        ("Mine", "is no name for"),
        ("mine.py", "is no name for"),
        ("../mine", "is no name for"),
        ("träge", "is no name for"),
        ("a" * 31, "at most 30 characters"),
        ("mine\n", "is no name for"),
        ("", "is no name for"),
        ("lambda", "means something else already"),
        ("test_mine", "means something else already"),
        ("conftest", "means something else already"),
        ("tests", "means something else already"),
        ("replace", "means something else already"),
        ("text", "means something else already"),
        ("torch", "is an installed Python module"),
        ("random", "is an installed Python module"),
    ],
)
def test_what_cannot_be_a_name_is_refused(tmp_path: Path, kind: str, name: str, said: str) -> None:
    assert said in refused(tmp_path, kind, "--out", ".", "--", name)


def test_names_that_are_taken_are_refused(tmp_path: Path) -> None:
    assert "method grpo is installed" in refused(tmp_path, "method", "grpo")
    assert "environment sokoban is installed" in refused(tmp_path, "env", "sokoban")
    assert "environment webshop_mini is installed" in refused(tmp_path, "env", "web_shop_mini")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("mine\n")
    assert "test_mine.py exists" in refused(tmp_path, "method", "mine")
    (tmp_path / "other.py").symlink_to(tmp_path / "nowhere")
    assert "other.py exists" in refused(tmp_path, "method", "other")
    (tmp_path / "lamps").mkdir()
    assert "lamps exists" in refused(tmp_path, "env", "lamps")


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "error: cannot write file/" in refused(tmp_path, "method", "mine", "--out", "file")
    # Of a clone, the second of two folders cannot be made.
    place = clone(tmp_path / "clone")
    (place / "tests").write_text("")
    assert "error: cannot write" in refused(place, "method", "mine")


def test_a_clone_without_its_list_of_methods_gets_a_line(tmp_path: Path) -> None:
    place = clone(tmp_path / "clone")
    (place / "pyproject.toml").write_text('[project]\nname = "arlarena-bench"\n')
    assert "pyproject.toml has no [project.entry-points" in refused(place, "method", "mine")
