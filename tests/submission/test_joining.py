"""What submissions add to the tables of a leaderboard."""

import json
import shutil
from pathlib import Path

import pytest
from bundles import ENTRY
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.report.finding import FinishedRun, find_runs
from arlarena_bench.report.table import Table, build_tables
from arlarena_bench.submission.bundle_folder import HEADER_FILE
from arlarena_bench.submission.header import Header, header_id
from arlarena_bench.submission.joining import _Bundle, _names, with_submitted


@pytest.fixture
def leaderboard(good: Path, bench: Path, tmp_path: Path) -> Path:
    """GRPO and the references are published, a bundle of all was submitted twice by two people."""
    for name in ("grpo", "start", "expert", "random"):
        shutil.copytree(bench / name, tmp_path / "board" / "tiny" / "sokoban" / name)
    for name in ("ann", "bob"):
        shutil.copytree(good, tmp_path / "board" / "submissions" / name)
    return tmp_path / "board"


def joined(leaderboard: Path) -> tuple[list[FinishedRun], list[str]]:
    return with_submitted(leaderboard, find_runs(leaderboard)[0])


def rows(leaderboard: Path) -> list[str]:
    table: Table
    (table,) = build_tables(joined(leaderboard)[0])
    return [row.method for row in table.rows]


def test_bundles_are_no_results_of_the_leaderboards_own(leaderboard: Path, bench: Path) -> None:
    published = find_runs(leaderboard)[0]
    assert {run.source.relative_to(leaderboard).parts[0] for run in published} == {"tiny"}
    bundle = leaderboard / "submissions" / "ann"
    assert len(find_runs(bundle)[0]) == len(find_runs(bench)[0])


def test_a_new_method_is_a_row_with_its_bundles_name(leaderboard: Path) -> None:
    assert rows(leaderboard) == [
        "start", "expert", "random", "grpo", "mine (file) (ann)", "mine (file) (bob)",
    ]  # fmt: skip
    said = joined(leaderboard)[1]
    assert [line.partition(": ")[2] for line in said] == [
        "adds mine (file) (ann)", "adds mine (file) (bob)",
    ]  # fmt: skip


def signed(bundle: Path, **changes: object) -> None:
    """Write a bundle's header anew; tables ask for no more than its id."""
    data = json.loads((bundle / HEADER_FILE).read_bytes()) | changes
    (bundle / HEADER_FILE).write_text(json.dumps(data | {"id": header_id(data)}))


def test_one_submitters_only_bundle_of_a_table_has_their_name(leaderboard: Path) -> None:
    signed(leaderboard / "submissions" / "ann", submitter={"name": "Ann Other"})
    assert rows(leaderboard)[-2:] == ["mine (file) (A. Nother)", "mine (file) (Ann Other)"]


def test_a_folder_of_ones_bundles_alone_is_a_table_like_any_other(leaderboard: Path) -> None:
    shutil.rmtree(leaderboard / "tiny")
    shutil.rmtree(leaderboard / "submissions" / "bob")
    assert rows(leaderboard) == ["start", "expert", "random", "grpo", "mine (file)"]


def test_bundles_of_several_environments_are_one_row_if_the_method_is_the_same() -> None:
    def bundle(name: str, source: str, *tables: tuple[str, ...]) -> _Bundle:
        return _Bundle(Path(name), "Ann", {"mine": source}, frozenset(tables), ())

    one, two = ("Sokoban", "nano"), ("WebShop", "nano")
    assert set(_names([bundle("a", "1", one), bundle("b", "1", two)]).values()) == {"Ann"}
    assert set(_names([bundle("a", "1", one), bundle("b", "2", two)]).values()) == {"a", "b"}
    assert set(_names([bundle("a", "1", one), bundle("b", "1", one, two)]).values()) == {"a", "b"}


def test_without_published_runs_the_first_bundle_brings_the_references(leaderboard: Path) -> None:
    shutil.rmtree(leaderboard / "tiny")
    assert rows(leaderboard) == [
        "start", "expert", "random",
        "grpo (ann)", "grpo (bob)", "mine (file) (ann)", "mine (file) (bob)",
    ]  # fmt: skip


def test_what_is_withdrawn_or_damaged_adds_nothing(leaderboard: Path) -> None:
    bundle = leaderboard / "submissions" / "ann"
    header = Header.model_validate_json((bundle / "bundle.json").read_bytes())
    (leaderboard / "withdrawn.yaml").write_text(ENTRY.format(id=header.id))
    assert rows(leaderboard) == ["start", "expert", "random", "grpo"]
    assert "left out: withdrawn by A. Nother, The wrong recipe." in joined(leaderboard)[1][0]
    (leaderboard / "withdrawn.yaml").unlink()
    (bundle / "bundle.json").write_text("{")
    assert rows(leaderboard)[-1] == "mine (file) (A. Nother)"
    assert "left out: " in joined(leaderboard)[1][0]


def test_the_command_prints_them_and_names_who_made_the_rest(leaderboard: Path) -> None:
    shown = CliRunner().invoke(app, ["table", str(leaderboard)])
    assert shown.exit_code == 0, shown.output
    assert "mine (file) (bob)" in shown.stdout
    assert "--method grpo --seeds 2" in shown.stdout
    assert "adds mine (file) (ann)" in shown.stderr
    alone = CliRunner().invoke(app, ["table", str(leaderboard / "submissions" / "ann")])
    assert "mine (file)" in alone.stdout
    assert "(ann)" not in alone.stdout
