"""What `arlarena doctor` says about the original engine."""

from arlarena_bench.checks import Check, optional_package


def checks() -> list[Check]:
    """Look for the package."""
    return [optional_package("textworld", "original engine of ALFWorld", "alfworld")]
