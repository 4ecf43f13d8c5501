"""Finding methods, environments and recipes that are installed, by name or by path."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from arlarena_bench.environment_names import environment_id, environment_names, letters, spelt
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.method_file import load_method_file
from arlarena_bench.objective.method import Method
from arlarena_bench.objective.wrapped import Wrapped, checked
from arlarena_bench.plugins import METHODS, Plugin, loaded, one_line, plugins, warn_once
from arlarena_bench.recipe import Recipe, read_recipe

__all__ = [
    "environment_id",
    "environment_names",
    "load_recipe",
    "method",
    "method_names",
    "preset_files",
    "usable_methods",
]

RECIPES = "arlarena_bench.recipes"


def method_names() -> list[str]:
    """Return the names of all installed methods, sorted."""
    return sorted(plugin.name for plugin in plugins(METHODS))


def usable_methods() -> list[str]:
    """Return the names of the installed methods that can be built, sorted.

    A stranger's that cannot is passed over with a warning.

    Raises:
        ArenaError: If one of ours cannot be built.
    """
    found = []
    for plugin in plugins(METHODS):
        try:
            _build(plugin)
        except ArenaError as error:
            if plugin.ours:
                raise
            warn_once(str(error))
        else:
            found.append(plugin.name)
    return sorted(found)


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
    found = {plugin.name: plugin for plugin in plugins(METHODS)}
    if name not in found:
        raise unknown("method", name, found)
    return _build(found[name])


def _build(plugin: Plugin) -> Method | Wrapped:
    try:
        return checked(plugin.call(plugin.load()))
    except ArenaError as error:
        line = str(error)
        raise ArenaError(line if line.startswith(str(plugin)) else f"{plugin}: {line}") from error


def _method_from_file(path: Path) -> Method | Wrapped:
    module = load_method_file(path)
    factory = getattr(module, "method", None) or getattr(module, path.stem, None)
    if factory is None:
        raise ArenaError(f"{path}: define method(), a function that returns the method")
    try:
        built = factory() if callable(factory) else factory
    except Exception as error:
        raise ArenaError(f"{path}: method() raised {one_line(error)}") from error
    return checked(built)


def preset_files() -> dict[str, dict[str, Path]]:
    """Return preset → environment → recipe file, `<preset>.<environment>.yaml` in any folder.

    A recipe of a stranger's plug-in never takes the place of another.
    """
    found: dict[str, dict[str, Path]] = {}
    for plugin, module in loaded(RECIPES):
        for path in _recipe_files(plugin, module):
            preset, environment = path.stem.rsplit(".", 1)
            recipes = found.setdefault(preset, {})
            if letters(environment) in map(letters, recipes):
                warn_once(
                    f"{plugin}: {path} is passed over: preset {preset} has {environment} already"
                )
            else:
                recipes[environment] = path
    return dict(sorted(found.items()))


def _recipe_files(plugin: Plugin, module: object) -> list[Path]:
    folders = getattr(module, "__path__", None)
    if folders is None:
        warn_once(f"{plugin} is passed over: recipes lie in a package, and this is none")
        return []
    return sorted(path for place in folders for path in Path(place).glob("*.*.yaml"))


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
    short = next(iter(recipes)) if environment is None else spelt(environment, recipes)
    if short is None:
        raise _not_in_preset(str(preset), str(environment), recipes)
    recipe = read_recipe(recipes[short])
    if (recipe.name, recipe.environment.name) != (str(preset), short):
        raise ArenaError(
            f"{recipes[short]} calls itself {recipe.name} of {recipe.environment.name}; "
            f"a recipe of that file name is {preset} of {short}"
        )
    return recipe


def _not_in_preset(preset: str, environment: str, recipes: Iterable[str]) -> ArenaError:
    installed = environment_names()
    asked = spelt(environment, installed)
    variants = [short for short in recipes if asked and short.startswith(f"{asked}_")]
    if asked is None or not variants:
        return unknown(f"environment of preset {preset}", environment, recipes)
    named = " and ".join(f"{short} ({installed.get(short, 'not installed')})" for short in variants)
    return ArenaError(f"preset {preset} has {named}, not {asked} ({installed[asked]})")
