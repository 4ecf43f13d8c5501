"""What is installed: methods, environments and presets."""

from typing import Any

from tabulate import tabulate

from arlarena_bench import registry
from arlarena_bench.harness.choices import CHOICES, method_choices
from arlarena_bench.harness.comparison import in_order


def installed() -> dict[str, Any]:
    """Return methods with their four choices, environments with their ids, presets with theirs."""
    choices = method_choices()
    return {
        "methods": [{"name": name, **choices[name]} for name in in_order(choices)],
        "environments": registry.environment_names(),
        "presets": {name: sorted(recipes) for name, recipes in registry.preset_files().items()},
    }


def listing(found: dict[str, Any]) -> str:
    """Return `installed()` as text."""
    methods = [[method["name"], *(method[c] for c in CHOICES)] for method in found["methods"]]
    environments = list(found["environments"].items())
    presets = [(name, ", ".join(names)) for name, names in found["presets"].items()]
    parts = (
        (methods, ["method", *CHOICES]),
        (environments, ["environment", "id"]),
        (presets, ["preset", "environments"]),
    )
    return "\n\n".join(tabulate(rows, headers, "simple") for rows, headers in parts)
