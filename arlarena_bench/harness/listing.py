"""What is installed: methods, environments and presets."""

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from tabulate import tabulate

from arlarena_bench import installed
from arlarena_bench.report.comparison import in_order

CHOICES = ("advantage", "loss", "aggregation", "filter")


def inventory() -> dict[str, Any]:
    """Return methods with their four choices, environments with their ids, presets with theirs.

    Raises:
        ArenaError: If a method cannot be imported.
    """
    names = in_order(installed.usable_methods())
    return {
        "methods": [{"name": name, **method_choices(name)} for name in names],
        "environments": installed.environment_names(),
        "presets": {name: sorted(recipes) for name, recipes in installed.preset_files().items()},
    }


def method_choices(name: str) -> dict[str, str]:
    """Return a method's four choices in words; "own" where it is no `Method`."""
    method = installed.method(name)
    return {choice: _name(getattr(method, choice, "own")) for choice in CHOICES}


def _name(value: Any) -> str:
    if isinstance(value, str):
        return value
    name = getattr(value, "__name__", type(value).__name__)
    # What a choice wraps by default goes without saying.
    given = [f for f in fields(value) if _required(f)] if is_dataclass(value) else []
    inner = [_name(part) for f in given if callable(part := getattr(value, f.name))]
    return f"{name}({', '.join(inner)})" if inner else name


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def listing(found: dict[str, Any]) -> str:
    """Return `inventory()` as text."""
    methods = [[method["name"], *(method[c] for c in CHOICES)] for method in found["methods"]]
    environments = list(found["environments"].items())
    presets = [(name, ", ".join(names)) for name, names in found["presets"].items()]
    parts = (
        (methods, ["method", *CHOICES]),
        (environments, ["environment", "id"]),
        (presets, ["preset", "environments"]),
    )
    return "\n\n".join(tabulate(rows, headers, "simple") for rows, headers in parts)
