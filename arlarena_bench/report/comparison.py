"""What is compared with what, as the installed recipes have it."""

import re
from collections.abc import Iterable
from pathlib import Path

from arlarena_bench.method_file import is_method_file
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

FILE = " (file)"


def label(method: str) -> str:
    """Return the name of a method in tables: a file is `stem (file)`, whatever is installed."""
    return file_label(Path(method).stem) if is_method_file(method) else method


def file_label(stem: str) -> str:
    """Return the name of a method out of a file with this stem."""
    return re.sub(r"[^\w.+-]", "_", stem) + FILE


def folder_name(label: str) -> str:
    """Return the folder for a method's runs; `@` stands in no installed name."""
    return label.replace(FILE, "@file").replace(":", "@")


def label_of_folder(name: str) -> str:
    """Return the label whose `folder_name` this is."""
    owner, at, method = name.partition("@")
    if not at:
        return name
    return f"{owner}{FILE}" if method == "file" else f"{owner}:{method}"


def in_order(methods: Iterable[str]) -> list[str]:
    """Return distinct labels in the order of the paper's table, then the others by name."""
    rank = {name: place for place, name in enumerate(TABLE_ORDER)}
    return sorted(set(methods), key=lambda name: (rank.get(name, len(rank)), name))
