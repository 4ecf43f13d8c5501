"""What is compared with what, as the installed recipes have it."""

from collections.abc import Iterable
from pathlib import Path

from arlarena_bench.plugins import OURS, entries

RECIPES = "arlarena_bench.recipes"
# The recipes plug in like any other; our own distribution's speak for all, whoever else is there.
_CONVENTIONS = next(plugin for plugin in entries(RECIPES) if plugin.distribution == OURS).load()

BASELINE: str = _CONVENTIONS.BASELINE
DEFAULT_METHODS: tuple[str, ...] = _CONVENTIONS.DEFAULT_METHODS
DEFAULT_ENVIRONMENT: str = _CONVENTIONS.DEFAULT_ENVIRONMENT
DEFAULT_PRESET: str = _CONVENTIONS.DEFAULT_PRESET
DEFAULT_SEEDS: int = _CONVENTIONS.DEFAULT_SEEDS
TABLE_ORDER: tuple[str, ...] = _CONVENTIONS.TABLE_ORDER
REPRODUCTION: Path = _CONVENTIONS.REPRODUCTION


def in_order(methods: Iterable[str]) -> list[str]:
    """Return distinct labels in the order of the paper's table, then the others by name."""
    rank = {name: place for place, name in enumerate(TABLE_ORDER)}
    return sorted(set(methods), key=lambda name: (rank.get(name, len(rank)), name))
