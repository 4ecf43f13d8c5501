"""What stands in `reproduction/` follows from results with every reply in the repository."""

import pytest

from arlarena_bench.report.finding import FinishedRun
from benchmarks.publish_reproduction import (
    ALWAYS,
    published_runs,
    published_tables,
    table_file,
    text_of,
)


@pytest.fixture(scope="module")
def runs() -> list[FinishedRun]:
    return published_runs()


def test_the_claims_are_published() -> None:
    assert set(ALWAYS) <= set(published_tables())


@pytest.mark.parametrize("what", published_tables())
def test_a_table_follows_from_the_results(what: str, runs: list[FinishedRun]) -> None:
    assert table_file(what).read_text(encoding="utf-8") == text_of(what, runs)
