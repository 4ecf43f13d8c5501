"""A bundle's own runs of a known method against the published ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arlarena_bench.errors import ArenaError
from arlarena_bench.labels import folder_name
from arlarena_bench.record import RESULT_FILE, Result, comparable, read_result
from arlarena_bench.statistics import Difference, difference
from arlarena_bench.statistics.permutation import least_p
from arlarena_bench.statistics.samples import sample
from arlarena_bench.submission.content_ids import episode_ids
from arlarena_bench.submission.rules import CalibrationRule

LEADERBOARD = Path("leaderboard")


@dataclass(frozen=True, slots=True)
class Calibration:
    """What came of the comparison.

    Attributes:
        method: What was compared.
        verdict: In a word; with too few seeds no difference could be found at the level.
        why: The test and its numbers, or why there is none; one line.
        identical: Seeds whose weights and episodes are those of the published run, to the bit.
    """

    method: str
    verdict: Literal["agrees", "differs", "too few seeds", "no reference"]
    why: str
    identical: tuple[int, ...] = ()

    @property
    def line(self) -> str:
        """All of it in one line."""
        same = ", ".join(map(str, self.identical))
        also = f"; to the bit the same: seed {same}" if self.identical else ""
        return f"{self.method} {self.verdict}: {self.why}{also}"


def calibrate(
    rule: CalibrationRule, results: Mapping[str, Result], leaderboard: Path
) -> Calibration | None:
    """Compare a bundle's runs of the rule's method with the published ones; None without such.

    Tested are the mean successes over seeds under the headline's decoder, two-sided, by exact
    permutation: of signs, where so many seeds began from the start of a published run that these
    pairs can reach the level, and else of labels.

    Args:
        rule: Names the method and the level.
        results: Of the bundle, found to be what the rules ask for.
        leaderboard: Holds what is published, `<preset>/<environment>/<method>/seed-<n>`.
    """
    ours = {
        result.seed: result
        for result in results.values()
        if result.policy.kind == "trained" and result.label == rule.method
    }
    if not ours:
        return None
    shared = next(iter(ours.values()))
    folder = leaderboard / shared.recipe.name / shared.recipe.environment.name
    theirs, reason = _published(folder / folder_name(rule.method), ours)
    if not theirs:
        return Calibration(rule.method, "no reference", reason)
    identical = tuple(s for s in sorted(ours) if s in theirs and _identical(ours[s], *theirs[s]))
    return _tested(rule, ours, {s: result for s, (result, _) in theirs.items()}, identical)


def leaderboard_of(bundle: Path) -> Path:
    """Return the leaderboard that a bundle lies in, else the one of the current folder."""
    for folder in bundle.resolve().parents:
        if folder.name == LEADERBOARD.name:
            return folder
    return LEADERBOARD


def _published(
    folder: Path, ours: Mapping[int, Result]
) -> tuple[dict[int, tuple[Result, Path]], str]:
    """Return the published runs that ours may stand beside, by seed, or why there are none."""
    found, reasons = {}, [f"{folder} holds no runs"]
    for path, result in _read(folder):
        if against := comparable(result, ours.get(result.seed, next(iter(ours.values())))):
            reasons.append(against[0])
        else:
            found[result.seed] = (result, path)
    return found, reasons[-1]


def _read(folder: Path) -> Iterator[tuple[Path, Result]]:
    for path in sorted(folder.glob(f"seed-*/{RESULT_FILE}")):
        try:
            yield path, read_result(path, turns=False)
        except ArenaError:
            continue  # of an older schema: it says nothing of newer runs


def _identical(ours: Result, theirs: Result, path: Path) -> bool:
    """Whether weights and episodes are the same; turns are read only where the weights are."""
    if ours.policy.sha256 is None or ours.policy.sha256 != theirs.policy.sha256:
        return False
    return episode_ids(read_result(path)) == episode_ids(ours)


def _tested(
    rule: CalibrationRule,
    ours: Mapping[int, Result],
    theirs: Mapping[int, Result],
    identical: tuple[int, ...],
) -> Calibration:
    common = [s for s in sorted(ours) if s in theirs and ours[s].start == theirs[s].start]
    paired = len(common) > 1 and 2 / 2 ** len(common) <= rule.level
    first, second = (
        sample([runs[s].main.summary.success for s in (common if paired else sorted(runs))], 1)
        for runs in (ours, theirs)
    )
    counts = f"{len(first)} seeds here, {len(second)} published"
    if set(identical) == set(ours):
        why = f"every run is the published one ({counts})"
        return Calibration(rule.method, "agrees", why, identical)
    least = least_p(first, second, paired)
    if min(len(first), len(second)) < 2 or least > rule.level:
        why = f"{counts}: no difference could be found at the level {rule.level:g}"
        return Calibration(rule.method, "too few seeds", why, identical)
    found = difference(first, second, paired)
    verdict: Literal["agrees", "differs"] = "differs" if found.p <= rule.level else "agrees"
    kind = "paired by start" if paired else "unpaired"
    return Calibration(
        rule.method,
        verdict,
        f"{_spoken(found)}, {kind}, level {rule.level:g} ({counts})",
        identical,
    )


def _spoken(found: Difference) -> str:
    return (
        f"success differs by {100 * found.estimate:+.1f} points [{100 * found.low:+.1f}, "
        f"{100 * found.high:+.1f}], p = {found.p:.3f} by {found.test}"
    )
