"""Where things lie in a bundle."""

from arlarena_bench.labels import folder_name
from arlarena_bench.record import Result
from arlarena_bench.report.table import START
from arlarena_bench.submission.bundle_folder import RUNS


def run_folder(result: Result) -> str:
    """Return the folder of a result in a bundle."""
    label = START if result.policy.kind == "start" else folder_name(result.label)
    return f"{RUNS}/{label}/seed-{result.seed}"


def method_folder(label: str) -> str:
    """Return the folder, below that of methods, of a method's files."""
    return folder_name(label)
