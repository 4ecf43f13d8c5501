"""What `arlarena doctor` says about the original Sokoban."""

from arlarena_bench.checks import Check, optional_package


def checks() -> list[Check]:
    """Look for the package."""
    return [optional_package("gym-sokoban", "comparison with the original Sokoban", "peers")]
