import shutil
from pathlib import Path

import pytest

from arlarena_bench import ArenaError, method
from arlarena_bench.method_file import method_sources, source_digest

MINE = """
from dataclasses import replace

import helper
from arlarena_bench.baselines.grpo import grpo
from parts import how
from parts.deep.most import DEEP


def method():
    import late

    return replace(grpo(), aggregation=helper.NAME + how() + late.END + DEEP)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A method's file with modules and a package beside it."""
    return write(tmp_path / "first", "seq-mean")


def write(folder: Path, start: str) -> Path:
    files = {
        "mine.py": MINE,
        "helper.py": f"from inner import NAME as REST\nNAME = {start!r} + REST\n",
        "inner.py": "NAME = ''\n",
        "late.py": "END = '-mean'\n",
        "parts/__init__.py": "from .how import how\n",
        "parts/how.py": "def how():\n    from . import unit\n    return unit.UNIT\n",
        "parts/unit.py": "UNIT = '-token'\n",
        "parts/deep/__init__.py": "",
        "parts/deep/most.py": "import inner\nDEEP = inner.NAME\n",
        "unrelated.py": "1 / 0\n",
        "random.py": "raise RuntimeError('not the standard library')\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_file_imports_what_lies_beside_it(folder: Path) -> None:
    assert method(str(folder / "mine.py")).aggregation == "seq-mean-token-mean"


def test_files_of_one_name_have_neighbours_of_their_own(folder: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "second", "seq-mean")
    (other / "late.py").write_text("END = '-sum'\n")
    assert method(str(other / "mine.py")).aggregation == "seq-mean-token-sum"
    assert method(str(folder / "mine.py")).aggregation == "seq-mean-token-mean"
    with pytest.raises(ModuleNotFoundError):
        __import__("helper")


def test_an_edited_neighbour_is_loaded_anew(folder: Path) -> None:
    assert method(str(folder / "mine.py")).aggregation == "seq-mean-token-mean"
    (folder / "late.py").write_text("END = '-sum'\n")
    assert method(str(folder / "mine.py")).aggregation == "seq-mean-token-sum"


def test_a_neighbour_never_hides_the_standard_library(folder: Path) -> None:
    (folder / "inner.py").write_text("import random\nNAME = '' if random.random() < 2 else 'x'\n")
    assert method(str(folder / "mine.py")).aggregation == "seq-mean-token-mean"


def test_the_hash_covers_all_that_is_imported(folder: Path, tmp_path: Path) -> None:
    sources = method_sources(folder / "mine.py")
    assert list(sources) == [
        "helper.py", "inner.py", "late.py", "mine.py", "parts/__init__.py",
        "parts/deep/__init__.py", "parts/deep/most.py", "parts/how.py", "parts/unit.py",
    ]  # fmt: skip
    before = source_digest(sources)
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert source_digest(method_sources(tmp_path / "elsewhere" / "mine.py")) == before
    (folder / "unrelated.py").write_text("")
    assert source_digest(method_sources(folder / "mine.py")) == before
    for name in sources:
        kept = (folder / name).read_text()
        (folder / name).write_text(kept + "\n")
        assert source_digest(method_sources(folder / "mine.py")) != before, name
        (folder / name).write_text(kept)


def test_a_broken_neighbour_is_one_line(folder: Path) -> None:
    (folder / "helper.py").write_text("def (:\n")
    with pytest.raises(ArenaError, match=r"mine.py, line 1: cannot be imported: SyntaxError") as e:
        method(str(folder / "mine.py"))
    assert "\n" not in str(e.value)


def test_a_missing_module_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import no_such_neighbour\n")
    with pytest.raises(ArenaError, match="No module named 'no_such_neighbour'"):
        method(str(path))
