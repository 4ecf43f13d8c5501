"""The shape of the house: who may import whom, and what is packaged."""

import ast
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {
    "arlarena_bench": ROOT / "arlarena_bench",
    "arlarena_bench.envs": ROOT / "envs",
    "arlarena_bench.baselines": ROOT / "baselines",
    "arlarena_bench.rules": ROOT / "leaderboard" / "rules",
}
PLUGINS = ("arlarena_bench.envs", "arlarena_bench.baselines")


def modules(package: str) -> list[Path]:
    return sorted(SOURCES[package].rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The absolute names that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_name(package: str, path: Path) -> str:
    parts = path.relative_to(SOURCES[package]).with_suffix("").parts
    return ".".join([package, *parts]).removesuffix(".__init__")


def imports_between(files: dict[str, Path]) -> dict[str, set[str]]:
    """Module → modules among `files` that it imports, in functions as well; not for types alone."""
    found: dict[str, set[str]] = {}
    for name, path in files.items():
        parents = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
        known = found.setdefault(name, set())
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typed = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if id(node) in typed:
                continue
            if isinstance(node, ast.Import):
                known.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = parents[: len(parents) - node.level + 1] if node.level else []
                base = ".".join([*above, *([node.module] if node.module else [])])
                full = [f"{base}.{alias.name}" for alias in node.names]
                known.update(name if name in files else base for name in full)
        known &= files.keys() - {name}
    return found


def test_no_modules_import_each_other() -> None:
    files = {module_name(package, path): path for package in SOURCES for path in modules(package)}
    imports = imports_between(files)
    assert imports["arlarena_bench.envs.webshop.shop"] >= {"arlarena_bench.envs.webshop.visit"}
    TopologicalSorter(imports).prepare()  # a CycleError names the modules


@pytest.mark.parametrize(
    ("room", "closed"),
    [
        ("arlarena_bench/report", "arlarena_bench.harness"),  # who judges does not run
        ("arlarena_bench/training", "arlarena_bench.harness"),
        ("arlarena_bench/training", "arlarena_bench.engines"),
        ("arlarena_bench/engines", "arlarena_bench.harness"),
        ("arlarena_bench/training", "arlarena_bench.report"),
        ("envs", "arlarena_bench.harness"),
        ("envs", "arlarena_bench.report"),
        ("baselines", "arlarena_bench.harness"),
        ("baselines", "arlarena_bench.training"),
    ],
)
def test_rooms_that_do_not_know_each_other(room: str, closed: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for name in imported(path)
        if name.startswith(f"{closed}.")
    ]
    assert wrong == []


def test_one_name_is_one_thing() -> None:
    stems = Counter(
        path.stem for path in modules("arlarena_bench") if not path.stem.startswith("__")
    )
    assert [stem for stem, count in stems.items() if count > 1] == []
    names = Counter(
        node.name
        for path in modules("arlarena_bench")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_the_core_imports_no_environment_and_no_method() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules("arlarena_bench")
        for name in imported(path)
        if name.startswith(PLUGINS)
    ]
    assert wrong == []


def test_the_core_names_no_environment_and_no_method() -> None:
    methods = {entry.name for entry in entry_points(group="arlarena_bench.methods")}
    environments = {path.parent.name for path in (ROOT / "envs").glob("*/__init__.py")}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in modules("arlarena_bench")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in methods | environments
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PLUGINS)
def test_plugins_import_their_siblings_relatively(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(package)
        for name in imported(path)
        if name.startswith(PLUGINS)
    ]
    assert wrong == []


def test_every_package_on_disk_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["tool"]["setuptools"]["packages"]
    found = [
        ".".join([name, *folder.relative_to(root).parts])
        for name, root in SOURCES.items()
        for folder in sorted({path.parent for path in root.rglob("__init__.py")})
    ]
    assert sorted(listed) == sorted(found)


def test_files_are_of_readable_length() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for package in SOURCES
        for path in modules(package)
    }
    assert {name: n for name, n in lengths.items() if n > 600} == {}
    assert sorted(lengths.values())[len(lengths) // 2] < 200


@pytest.mark.parametrize("group", ["arlarena_bench.methods", "gymnasium.envs"])
def test_every_entry_point_can_be_loaded(group: str) -> None:
    ours = [entry for entry in entry_points(group=group) if entry.value.startswith("arlarena")]
    assert ours
    for entry in ours:
        assert callable(entry.load()), entry


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("arlarena_bench", {"torch", "transformers", "matplotlib"}),
        # What `arlarena table` needs.
        ("arlarena_bench.report.overview", {"transformers", "matplotlib"}),
        ("arlarena_bench.submission.joining", {"transformers", "matplotlib"}),
    ],
)
def test_importing_is_light(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_what_is_tested_without_torch_imports_none() -> None:
    """On Python 3.13 (`make test313`) there is none: seen here, not at the end of CI."""
    commands = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "test313"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    tests = commands.stdout.splitlines()[-1].partition("-m pytest ")[2].split()
    assert "tests/protocol" in tests
    code = (
        "import sys; sys.modules['torch'] = None; import pytest; "
        f"sys.exit(pytest.main(['--collect-only', '-qq', '-p', 'no:cacheprovider', *{tests}]))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:]


def test_nothing_uses_the_global_generators() -> None:
    seeders = {"seed", "manual_seed"}
    wrong = []
    for package in SOURCES:
        for path in modules(package):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                owner = ast.unparse(node.func.value)
                drawn = owner in ("random", "np.random", "numpy.random")
                own = ("Random", "default_rng", "Generator", "RandomState")
                # In there, the generator is that of the agent's program.
                inside = path.parent.name == "inside"
                if (drawn and node.func.attr not in own and not inside) or (
                    owner == "torch" and node.func.attr in seeders
                ):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}")
    assert wrong == []
