"""Finding methods, environments and recipes that are installed, by name or by path."""

import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium as gym

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.objective.method import Method
from arlarena_bench.objective.wrapped import Wrapped, checked
from arlarena_bench.recipe import Recipe, read_recipe
from arlarena_bench.registration import SHORT_NAMES

METHODS = "arlarena_bench.methods"
RECIPES = "arlarena_bench.recipes"


def method_names() -> list[str]:
    """Return the names of all installed methods, sorted."""
    return sorted({entry.name for entry in entry_points(group=METHODS)})


def method(name: str, /, **overrides: Any) -> Method | Wrapped:
    """Return a method by name, or from a Python file.

    Args:
        name: An installed name or the path of a file ending in `.py` that
            defines `method()` (or a function or class named as the file).
        **overrides: Hyper-parameters that replace the method's defaults.

    Raises:
        ArenaError: If there is no such method or file, the file fails, or an override is not
            one of the method's.
    """
    built = _method_from_file(Path(name)) if name.endswith(".py") else _installed_method(name)
    return built.with_options(**overrides) if overrides else built


def _installed_method(name: str) -> Method | Wrapped:
    entries = {entry.name: entry for entry in entry_points(group=METHODS)}
    if name not in entries:
        raise unknown("method", name, entries)
    return checked(_load(entries[name])())


def _method_from_file(path: Path) -> Method | Wrapped:
    module = _import_file(path)
    factory = getattr(module, "method", None) or getattr(module, path.stem, None)
    if factory is None:
        raise ArenaError(f"{path}: define method(), a function that returns the method")
    try:
        built = factory() if callable(factory) else factory
    except Exception as error:
        raise ArenaError(f"{path}: method() raised {type(error).__name__}: {error}") from error
    return checked(built)


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ArenaError(f"no method file {path}")
    name = "arlarena_method_" + re.sub(r"\W", "_", path.stem)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ArenaError(f"{path} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name while the file is still being executed.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ArenaError(
            f"{path}{line}: cannot be imported: {type(error).__name__}: {error}"
        ) from error
    return module


def environment_names() -> dict[str, str]:
    """Return short name → id of the latest version, for every namespaced Gymnasium id."""
    latest: dict[str, tuple[int, str]] = {}
    for spec in gym.registry.values():
        if spec.namespace and any(w.name == "AgentProtocol" for w in spec.additional_wrappers):
            short = SHORT_NAMES.get(spec.name) or _short_name(spec.name)
            latest[short] = max(latest.get(short, (-1, "")), (spec.version or 0, spec.id))
    return {name: latest[name][1] for name in sorted(latest)}


def environment_id(name: str) -> str:
    """Return the Gymnasium id for a short name or for an id itself.

    Raises:
        ArenaError: If nothing of that name is registered.
    """
    if name in gym.registry:
        return name
    names = environment_names()
    short = _spelt(name, names)
    if short is None:
        raise unknown("environment", name, names)
    return names[short]


def _short_name(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")


def _spelt(name: str, known: Iterable[str]) -> str | None:
    """Return which of the known short names is meant, whatever its capitals and hyphens."""
    bare = re.sub(r"-v\d+$", "", name.rsplit("/", 1)[-1])
    by_letters = {_letters(short): short for short in known}
    return by_letters.get(_letters(bare))


def _letters(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def preset_files() -> dict[str, dict[str, Path]]:
    """Return preset → environment → recipe file, `<preset>.<environment>.yaml` in any folder."""
    found: dict[str, dict[str, Path]] = {}
    for folder in _recipe_folders():
        for path in sorted(folder.glob("*.*.yaml")):
            preset, environment = path.stem.rsplit(".", 1)
            found.setdefault(preset, {})[environment] = path
    return dict(sorted(found.items()))


def _recipe_folders() -> Iterator[Path]:
    for entry in sorted(entry_points(group=RECIPES), key=lambda entry: entry.name):
        module = _load(entry)
        yield from (Path(place) for place in module.__path__)


def load_recipe(preset: str | Path, environment: str | None = None) -> Recipe:
    """Load a preset for an environment, or a recipe file.

    Args:
        preset: A preset's name, or the path of a `.yaml` file.
        environment: Short name; not needed with a file, or where the preset has one only.

    Raises:
        ArenaError: If there is no such preset, environment or file, or it is malformed.
    """
    if str(preset).endswith((".yaml", ".yml")):
        return read_recipe(Path(preset))
    presets = preset_files()
    if str(preset) not in presets:
        raise unknown("preset", str(preset), presets)
    recipes = presets[str(preset)]
    if environment is None and len(recipes) > 1:
        raise ArenaError(f"preset {preset} has several environments: choose {', '.join(recipes)}")
    short = next(iter(recipes)) if environment is None else _spelt(environment, recipes)
    if short is None:
        raise _not_in_preset(str(preset), str(environment), recipes)
    return read_recipe(recipes[short])


def _not_in_preset(preset: str, environment: str, recipes: Iterable[str]) -> ArenaError:
    installed = environment_names()
    asked = _spelt(environment, installed)
    variants = [short for short in recipes if asked and short.startswith(f"{asked}_")]
    if asked is None or not variants:
        return unknown(f"environment of preset {preset}", environment, recipes)
    named = " and ".join(f"{short} ({installed.get(short, 'not installed')})" for short in variants)
    return ArenaError(f"preset {preset} has {named}, not {asked} ({installed[asked]})")


def _load(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:
        raise ArenaError(
            f"{entry.group} entry {entry.name!r} ({entry.value}) cannot be loaded: "
            f"{type(error).__name__}: {error}"
        ) from error
