"""The presets, and what a comparison is when nobody says otherwise."""

from pathlib import Path

# The paper's numbers, what stands for its tables, and its claims.
REPRODUCTION = Path(__file__).parent / "reproduction"

DEFAULT_PRESET = "nano"
DEFAULT_ENVIRONMENT = "sokoban"
DEFAULT_METHODS = ("grpo", "gspo", "sapo", "gigpo", "sampo")
DEFAULT_SEEDS = 2

# What every difference is taken to.
BASELINE = "grpo"

# Rows of ARLArena, Table 3, each followed by its variant from Table 4.
TABLE_ORDER = (
    "grpo", "grpo_st", "grpo_sm", "sapo", "sapo_sm", "cispo", "cispo_sm", "gspo", "gigpo", "empg",
    "dapo_grpo", "dapo_gigpo", "sampo",
)  # fmt: skip
