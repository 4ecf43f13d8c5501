"""What is compared with what, as the installed recipes have it."""

from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import PurePath

# The recipes come as a plug-in like any other; the first by name speaks for all.
_CONVENTIONS = min(
    entry_points(group="arlarena_bench.recipes"), key=lambda entry: entry.name
).load()

BASELINE: str = _CONVENTIONS.BASELINE
DEFAULT_METHODS: tuple[str, ...] = _CONVENTIONS.DEFAULT_METHODS
DEFAULT_ENVIRONMENT: str = _CONVENTIONS.DEFAULT_ENVIRONMENT
DEFAULT_PRESET: str = _CONVENTIONS.DEFAULT_PRESET
DEFAULT_SEEDS: int = _CONVENTIONS.DEFAULT_SEEDS
TABLE_ORDER: tuple[str, ...] = _CONVENTIONS.TABLE_ORDER


def label(method: str) -> str:
    """Return the name of a method in tables and folders: a file goes by its stem."""
    return PurePath(method).stem if method.endswith(".py") else method


def in_order(methods: Iterable[str]) -> list[str]:
    """Return distinct labels in the order of the paper's table, then the others by name."""
    rank = {name: place for place, name in enumerate(TABLE_ORDER)}
    return sorted(set(methods), key=lambda name: (rank.get(name, len(rank)), name))
