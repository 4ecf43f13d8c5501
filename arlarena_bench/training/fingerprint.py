"""What an environment's text and experts follow from, as one hash: code, data and packages."""

import hashlib
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import arlarena_bench
from arlarena_bench.recipe import Recipe, digest
from arlarena_bench.record import package_versions
from arlarena_bench.text_env import TextEnv

CORE = Path(arlarena_bench.__file__).parent
# Rooms that demonstrations cannot depend on.
APART = ("harness", "record", "report", "statistics", "submission")


def fingerprint(recipe: Recipe, game: TextEnv) -> str:
    """Return the SHA-256 of everything that the demonstrations of a recipe follow from.

    It takes the place of recording them again, which costs seconds to minutes: the settings, the
    source of the core, the folders of the environment's classes with what lies in them, files
    that the environment's arguments name, and the versions of the packages we need.

    Args:
        recipe: Its environment, protocol and cloning sections are read.
        game: The environment, made from it.
    """
    data = recipe.model_dump(mode="json", include={"environment", "protocol", "cloning"})
    return digest(
        {
            "settings": data,
            "core": _files_digest(CORE, _core_files()),
            "environment": [_files_digest(root, files) for root, files in _homes(game)],
            "named": [_stat(path) for path in _named_files(recipe.environment.kwargs)],
            "packages": _packages(),
        }
    )


def _core_files() -> list[Path]:
    files = CORE.rglob("*.py")
    return [path for path in files if path.relative_to(CORE).parts[0] not in APART]


def _homes(game: TextEnv) -> Iterator[tuple[Path, list[Path]]]:
    """Yield the folder of each class that the environment is made of, with the files in it."""
    seen = set()
    for kind in type(game).__mro__:
        module = sys.modules.get(kind.__module__)
        place = getattr(module, "__file__", None)
        if kind is TextEnv or not issubclass(kind, TextEnv) or module is None or place is None:
            continue
        path = Path(place)
        # A module without a package lies beside strangers.
        root = path.parent if module.__package__ else path
        if root not in seen:
            seen.add(root)
            yield path.parent, list(root.rglob("*")) if root.is_dir() else [path]


def _files_digest(root: Path, files: list[Path]) -> str:
    """Return the SHA-256 of files by their names below `root` and their contents."""
    names = {path.relative_to(root).as_posix(): path for path in files if _counts(path)}
    return digest(
        {name: hashlib.sha256(names[name].read_bytes()).hexdigest() for name in sorted(names)}
    )


def _counts(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _named_files(value: Any) -> Iterator[Path]:
    """Yield the files that arguments of an environment name, and those in folders they name."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _named_files(part)
    elif isinstance(value, str) and value and "\0" not in value and Path(value).exists():
        path = Path(value)
        yield from sorted(path.rglob("*")) if path.is_dir() else [path]


def _stat(path: Path) -> tuple[str, int, int]:
    """Return name, bytes and time of change: official data may be gigabytes."""
    found = path.stat()
    return path.as_posix(), found.st_size, found.st_mtime_ns


def _packages() -> dict[str, str]:
    return {"python": platform.python_version(), **package_versions()}
