"""What there is to show: the tables below a folder, and the bundles that were submitted."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.reproducing import REPRODUCTION
from arlarena_bench.record.legacy import LEGACY_FILE
from arlarena_bench.report.finding import (
    FailedRun,
    FinishedRun,
    file_hash,
    find_failed,
    find_runs,
)
from arlarena_bench.report.suite import Suite, group_by_suite
from arlarena_bench.report.table import Table, build_tables, without_table
from arlarena_bench.site.addresses import distinct, slug_of_path
from arlarena_bench.submission.append_only import bundle_folders
from arlarena_bench.submission.bundle_folder import RUNS
from arlarena_bench.submission.rules import load_rules
from arlarena_bench.submission.verifying import Checks, Verdict, verify_each
from arlarena_bench.submission.withdrawals import WITHDRAWN_FILE, Withdrawal, read_withdrawals

SUBMISSIONS = "submissions"
# Of what was not submitted.
METHODS, AGENTS = "methods", "agents"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A table with what is known of where it came from.

    Attributes:
        table: It.
        slug: Its folder in the site.
        place: Where its results lie, below the leaderboard.
        bundle: The verdict on the bundle that holds all of it; None for what was not submitted.
        withdrawn: Why the bundle does not count any more; None where it does.
    """

    table: Table
    slug: str
    place: PurePosixPath
    bundle: Verdict | None = None
    withdrawn: Withdrawal | None = None

    @property
    def track(self) -> str:
        """The track that it is in."""
        if self.bundle is not None:
            return load_rules(self.bundle.rules).track
        return AGENTS if self.table.of_models else METHODS

    @property
    def method_files(self) -> Path | None:
        """Where the files of its methods lie, if they were submitted with it."""
        return None if self.bundle is None else self.bundle.place


@dataclass(frozen=True, slots=True)
class ExhibitGroup:
    """Tables that stand together.

    Attributes:
        suite: What they say together; None for a table alone.
        exhibits: They; those that the suite leaves out come last.
    """

    suite: Suite | None
    exhibits: tuple[Exhibit, ...]

    @property
    def preset(self) -> str:
        """The preset's name."""
        return self.exhibits[0].table.any_result.recipe.name

    @property
    def older(self) -> bool:
        """Whether their record is an older one."""
        return bool(self.exhibits[0].table.any_result.lacks)


@dataclass(slots=True)
class Gathered:
    """All that is shown.

    Attributes:
        sections: Of what was published and what was submitted; older records last.
        runs: The results of the former.
        reproduction: Those beside the leaderboard, which only the claims need.
        rejected: Bundles that cannot be shown, and why.
        problems: What could not be used, one line each.
    """

    sections: list[ExhibitGroup] = field(default_factory=list)
    runs: list[FinishedRun] = field(default_factory=list)
    reproduction: list[FinishedRun] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exhibits(self) -> list[Exhibit]:
        """All tables."""
        return [exhibit for section in self.sections for exhibit in section.exhibits]


def gather(leaderboard: Path, replay: bool = False) -> Gathered:
    """Read a leaderboard.

    Args:
        leaderboard: Any folder with results in it. What lies in its folder `submissions` is read
            as bundles.
        replay: Whether every bundle is verified; else its files are compared with its header.

    Raises:
        ArenaError: If there is no such folder, or two of its results are of one run.
    """
    if not leaderboard.is_dir():
        raise ArenaError(f"no folder {leaderboard}; give one with results, as `arlarena bench` has")
    found = Gathered()
    failed: list[FailedRun] = []
    for place in _published(leaderboard):
        runs, faults = find_runs(place)
        lost, unreadable = find_failed(place)
        found.runs += runs
        failed += lost
        found.problems += _relative([*faults, *unreadable], leaderboard)
    beside = leaderboard.resolve().with_name(REPRODUCTION)
    if beside.is_dir():
        found.reproduction, faults = find_runs(beside)
        found.problems += faults
    tables = build_tables(found.runs, failed)
    found.problems += _relative(without_table(tables, failed), leaderboard)
    bundles = _bundles(leaderboard, found, replay)
    for block in group_by_suite(tables):
        suite = block if isinstance(block, Suite) else None
        exhibits = [
            Exhibit(table, "", _place(table, leaderboard), _verdict_on(table, bundles))
            for table in _tables(block)
        ]
        found.sections.append(ExhibitGroup(suite, tuple(exhibits)))
    found.sections.sort(key=lambda section: section.older)
    shown = {exhibit.bundle.place for exhibit in found.exhibits if exhibit.bundle}
    found.sections += [
        ExhibitGroup(None, (_submitted(each, leaderboard),))
        for each in bundles
        if each.verdict.place not in shown
    ]
    _name_folders(found)
    return found


def _name_folders(found: Gathered) -> None:
    """Give each table a folder of its own in the site."""
    slugs = iter(distinct(slug_of_path(each.place) for each in found.exhibits))
    found.sections = [
        replace(s, exhibits=tuple(replace(each, slug=next(slugs)) for each in s.exhibits))
        for s in found.sections
    ]


def _published(leaderboard: Path) -> list[Path]:
    """Return where to look for results that nobody submitted."""
    if not (leaderboard / SUBMISSIONS).exists():
        return [leaderboard]
    return sorted(
        path for path in leaderboard.iterdir() if path.is_dir() and path.name != SUBMISSIONS
    )


def _tables(block: Suite | Table) -> list[Table]:
    if isinstance(block, Table):
        return [block]
    return [*block.tables.values(), *block.left_out]


@dataclass(frozen=True, slots=True)
class _Bundle:
    verdict: Verdict
    table: Table
    withdrawn: Withdrawal | None


def _bundles(leaderboard: Path, found: Gathered, replay: bool) -> list[_Bundle]:
    """Return each bundle that is what it says; the others are said."""
    place = leaderboard / SUBMISSIONS
    if not place.is_dir():
        return []
    try:
        gone = {each.id: each for each in read_withdrawals(leaderboard / WITHDRAWN_FILE)}
    except ArenaError as error:
        gone = {}
        found.problems.append(f"{WITHDRAWN_FILE}: {error}")
    checks = Checks(leaderboard=leaderboard, jobs=os.cpu_count() or 1)
    bundles = []
    for verdict in verify_each(bundle_folders(place), checks, only_read=not replay):
        if verdict.fault is not None:
            name = verdict.place.relative_to(leaderboard).as_posix()
            found.rejected += _relative([f"{name}: {verdict.fault}"], leaderboard)
            continue
        told = zip(
            verdict.checked, _relative([*verdict.checked.values()], leaderboard), strict=True
        )
        verdict.checked = dict(told)
        runs, _ = find_runs(verdict.place / RUNS, found.runs)
        (table,) = build_tables(runs)
        bundles.append(_Bundle(verdict, table, gone.get(verdict.id)))
    return bundles


def _verdict_on(table: Table, bundles: Sequence[_Bundle]) -> Verdict | None:
    """Return that on the bundle of just what a table shows, None without one."""
    files = {file_hash(run.source) for run in table.runs}
    for each in bundles:
        if each.withdrawn is None and {file_hash(run.source) for run in each.table.runs} == files:
            return each.verdict
    return None


def _submitted(bundle: _Bundle, leaderboard: Path) -> Exhibit:
    place = PurePosixPath(bundle.verdict.place.relative_to(leaderboard).as_posix())
    return Exhibit(bundle.table, "", place, bundle.verdict, bundle.withdrawn)


def _place(table: Table, leaderboard: Path) -> PurePosixPath:
    """Return the folder of a table's own runs; references may have come from elsewhere."""
    trained = [run for run in table.runs if run.result.training is not None]
    common = Path(os.path.commonpath([_bench(run) for run in trained or table.runs]))
    if not common.is_relative_to(leaderboard):  # a single run was given
        return PurePosixPath()
    return PurePosixPath(common.relative_to(leaderboard).as_posix())


def _bench(run: FinishedRun) -> Path:
    """Return the folder of the bench that a result lies in, as `arlarena bench` writes them."""
    folder = run.source.parent
    if run.source.name == LEGACY_FILE:
        return folder
    if re.fullmatch(r"seed-\d+", folder.name):
        return folder.parents[1]
    return folder.parent if run.result.policy.kind == "scripted" else folder


def _relative(lines: Sequence[str], leaderboard: Path) -> list[str]:
    """Return lines that name files as the leaderboard has them, wherever that lies."""
    return [line.replace(f"{leaderboard}{os.sep}", "") for line in lines]
