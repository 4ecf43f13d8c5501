"""What `arlarena doctor` says about the sandbox and the packages that data may need."""

from collections.abc import Iterator

from arlarena_bench.checks import Check, optional_package

from .sandbox import isolation_report

NONE = "none"


def checks() -> Iterator[Check]:
    """Try every level of isolation; the first that works is the one that programs run in."""
    active = next((level.name for level in isolation_report() if level.works), None)
    for level in isolation_report():
        name = f"sandbox: {level.name}"
        if level.name == active:
            ok = level.name != NONE
            advice = "" if ok else "the leaderboard refuses results without isolation"
            yield Check(name, f"active; {level.why}", ok, advice)
        elif level.works:
            yield Check(name, f"works; {level.why}")
        else:
            yield Check(name, "does not work", None, level.why)
    yield optional_package("pyarrow", "problem sets in parquet files")
    yield optional_package("pydantic-monty", "a second interpreter for agents' programs")
