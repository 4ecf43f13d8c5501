"""What `arlarena doctor` says about the sandbox and the packages that data may need."""

from collections.abc import Iterator

from arlarena_bench.checks import Check, optional_package

from .sandbox import NoSandboxError, active, isolation_report, remedy


def checks() -> Iterator[Check]:
    """Say what `sandbox="auto"` does here, and try every level of isolation."""
    try:
        yield Check("sandbox: auto", f"runs programs in {active()}", True)
    except NoSandboxError:
        yield Check("sandbox: auto", "refuses to run programs", False, remedy())
    for level in isolation_report():
        name = f"sandbox: {level.name}"
        if level.works:
            yield Check(name, f"works; {level.why}")
        else:
            yield Check(name, "does not work", None, level.why)
    yield optional_package("pyarrow", "problem sets in parquet files", "parquet")
    purpose = "a second interpreter for agents' programs"
    yield optional_package("pydantic-monty", purpose, "monty")
