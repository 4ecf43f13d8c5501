"""What is compared with what: the one place where the harness knows reference methods by name."""

from collections.abc import Iterable
from pathlib import PurePath

# Rows of ARLArena, Table 3, each followed by its variant from Table 4.
PAPER_ORDER = (
    "grpo", "grpo_st", "grpo_sm", "sapo", "sapo_sm", "cispo", "cispo_sm", "gspo", "gigpo", "empg",
    "dapo_grpo", "dapo_gigpo", "sampo",
)  # fmt: skip

# What every difference is taken to.
BASELINE = "grpo"

# What `arlarena bench` compares when not told otherwise.
DEFAULT_METHODS = ("grpo", "gspo", "sapo", "gigpo", "sampo")
DEFAULT_ENVIRONMENT = "sokoban"
DEFAULT_PRESET = "nano"
DEFAULT_SEEDS = 2


def label(method: str) -> str:
    """Return the name of a method in tables and folders: a file goes by its stem."""
    return PurePath(method).stem if method.endswith(".py") else method


def in_order(methods: Iterable[str]) -> list[str]:
    """Return distinct labels in the order of the paper's table, then the others by name."""
    rank = {name: place for place, name in enumerate(PAPER_ORDER)}
    return sorted(set(methods), key=lambda name: (rank.get(name, len(rank)), name))
