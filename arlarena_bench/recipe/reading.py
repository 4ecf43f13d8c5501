"""Reading recipes from YAML files, of which one may extend another."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from arlarena_bench.errors import ArenaError, nearest
from arlarena_bench.recipe.schema import Recipe, parse_recipe

# The one in C, where PyYAML has it, takes a tenth of the time; every run reads its recipe.
LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_recipe(path: Path) -> Recipe:
    """Read one recipe file; one that `extends` another replaces single keys of its sections.

    Raises:
        ArenaError: If a file is missing, not YAML, or not a recipe.
    """
    return parse_recipe(_read_extended(path, ()), str(path))


def _read_extended(path: Path, chain: Sequence[Path]) -> dict[str, Any]:
    if path in chain:
        raise ArenaError(f"{path}: extends itself through {chain[-1]}")
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), LOADER)
    except OSError as error:
        others = {other.name for other in path.parent.glob("*.yaml")} - {p.name for p in chain}
        hint = nearest(path.name, others)
        raise ArenaError(f"cannot read recipe {path}: {error.strerror}{hint}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).replace("\n", " ")
        raise ArenaError(f"{path} is not YAML: {reason}") from None
    if not isinstance(data, dict):
        raise ArenaError(f"{path}: a recipe is a mapping of sections")
    parent = data.pop("extends", None)
    if parent is None:
        return data
    if not isinstance(parent, str):
        raise ArenaError(f"{path}: extends: expected a file name, got {parent!r}")
    return _merge(_read_extended((path.parent / parent).resolve(), (*chain, path)), data)


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Replace single keys of sections, each as a whole."""
    merged = dict(base)
    if isinstance(tuning := base.get("tuning"), dict):
        # What a grid chose for one recipe says nothing of another.
        merged["tuning"] = {key: value for key, value in tuning.items() if key != "record"}
    for section, value in change.items():
        old = merged.get(section)
        if isinstance(old, dict) and isinstance(value, dict):
            value = {**old, **value}
        merged[section] = value
    return merged
