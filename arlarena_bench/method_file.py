"""Methods out of files: importing one with what lies beside it, and naming it by its content.

A file imports its neighbours as a script does (`import helper`), but they are modules of this file
alone: two method files may each have a `helper` of their own, and neither hides an installed
package from anybody else. Python's own modules and this package are never looked for beside the
file.
"""

import ast
import builtins
import hashlib
import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.plugins import one_line

PREFIX = "arlarena_method_"


def is_method_file(method: str) -> bool:
    """Return whether a method is named by its file."""
    return method.endswith(".py")


def method_stem(method: str) -> str:
    """Return what a result calls a method: an installed one's name, or the stem of a file."""
    return Path(method).stem if is_method_file(method) else method


def method_sources(path: Path) -> dict[str, str]:
    """Return name → SHA-256 of a method's file and of all it imports from beside it.

    Names are relative to the file's folder, sorted. Imports are read from the source: of a package
    every file counts.

    Raises:
        ArenaError: If a file cannot be read.
    """
    return {
        name: hashlib.sha256(content).hexdigest() for name, content in source_files(path).items()
    }


def source_digest(sources: Mapping[str, str]) -> str:
    """Return one SHA-256 for what `method_sources` returns: the file's own where it is alone."""
    if len(sources) == 1:
        return next(iter(sources.values()))
    return hashlib.sha256(json.dumps(dict(sources), sort_keys=True).encode()).hexdigest()


def source_files(path: Path) -> dict[str, bytes]:
    """Return name → content of a method's file and of all it imports from beside it.

    Raises:
        ArenaError: If a file cannot be read.
    """
    folder = path.parent
    found: dict[Path, bytes] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        try:
            found[file] = file.read_bytes()
        except OSError as error:
            raise ArenaError(f"cannot read method file {file}: {error.strerror}") from None
        for name in _imported(found[file]):
            waiting += _beside(folder, name)
    return {file.relative_to(folder).as_posix(): found[file] for file in sorted(found)}


def _imported(source: bytes) -> set[str]:
    """Return the top-level names that a source imports, anywhere in it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()  # said when it is loaded
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def _beside(folder: Path, name: str) -> list[Path]:
    """Return the files of the module or package of that name in a method's folder."""
    if name == __package__ or name in sys.stdlib_module_names:
        return []
    package = folder / name
    if (package / "__init__.py").is_file():
        return sorted(package.rglob("*.py"))
    module = folder / f"{name}.py"
    return [module] if module.is_file() else []


def load_method_file(path: Path) -> ModuleType:
    """Import a method's file, each content once.

    Raises:
        ArenaError: If there is no such file, or it cannot be imported.
    """
    if not path.is_file():
        raise ArenaError(f"no method file {path}")
    sources = repr(sorted(method_sources(path).items())) + str(path.resolve())
    content = hashlib.sha256(sources.encode()).hexdigest()[:16]
    root = f"{PREFIX}{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}_{content}"
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if root not in sys.modules:
        package = ModuleType(root)
        package.__path__ = [str(path.resolve().parent)]
        sys.modules[root] = package
    name = f"{root}.{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    loader = _Loader(name, str(path.resolve()))
    module = ModuleType(name)
    module.__file__ = str(path.resolve())
    # Dataclasses look their module up by name while the file is still being executed.
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ArenaError(f"{path}{line}: cannot be imported: {one_line(error)}") from error
    return module


class _Finder:
    """Finds modules beside a method's file, under the private name of that file."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith(PREFIX):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
            spec.loader = _Loader(name, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    """Runs a module so that its import statements look beside the method's file first."""

    def exec_module(self, module: ModuleType) -> None:
        root = self.name.partition(".")[0]
        own = {**vars(builtins), "__import__": _importer(root)}
        module.__dict__["__builtins__"] = own
        super().exec_module(module)


def _importer(root: str) -> Any:
    """Return an `__import__` for the modules of one method's file."""
    folder = Path(sys.modules[root].__path__[0])

    def find(
        name: str,
        given: Mapping[str, Any] | None = None,
        local: Mapping[str, Any] | None = None,
        wanted: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        if level or not _beside(folder, top):
            return builtins.__import__(name, given, local, wanted or (), level)
        module = importlib.import_module(f"{root}.{name}")
        if not wanted:
            return sys.modules[f"{root}.{top}"]
        for part in _submodules(module, wanted):
            importlib.import_module(part)
        return module

    return find


def _submodules(module: ModuleType, wanted: Sequence[str]) -> Iterator[str]:
    """Yield the modules of a package that `from package import name` means."""
    if hasattr(module, "__path__"):
        for name in wanted:
            if not hasattr(module, name) and name != "*":
                full = f"{module.__name__}.{name}"
                if importlib.util.find_spec(full) is not None:
                    yield full
