"""What is said of a pull request with submissions, as one comment in Markdown.

All that strangers wrote stands in code spans, so that it is no markup, no link and no mention.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.layout import NONE, write_cells
from arlarena_bench.submission.bundle_folder import shown
from arlarena_bench.submission.header import Header
from arlarena_bench.submission.read_header import header_of
from arlarena_bench.submission.verifying import Verdict
from arlarena_bench.submission.withdrawals import Withdrawal

MARK = "<!-- arlarena: submissions -->"
"""First line, by which an earlier comment is found and replaced."""
LONGEST = 60_000  # characters; a comment may have 65,536
COLUMNS = ["", "method", "bundle", "success %", "95 % interval", "Δ GRPO", "p (Holm)", "seeds"]
LONGEST_WORDS = 500  # characters of a code span
CALIBRATION = "calibration"


def comment(
    verdicts: Sequence[Verdict],
    faults: Sequence[str],
    changed: Collection[str],
    withdrawn: Sequence[Withdrawal],
    newly: Sequence[Withdrawal],
) -> str:
    """Return the comment.

    Args:
        verdicts: Of every bundle of the folder; of those that have not changed only place and id.
        faults: What is wrong with the folder as a whole.
        changed: Names of the bundles that are new or have changed.
        withdrawn: Every withdrawal.
        newly: Those that are new.
    """
    subject = [verdict for verdict in verdicts if verdict.place.name in changed]
    good = not faults and all(verdict.fault is None for verdict in subject)
    parts = [MARK, f"## Submissions: {'verified' if good else 'rejected'}"]
    headers = {verdict.place.name: _header(verdict.place) for verdict in verdicts}
    gone = {each.id: each for each in withdrawn}
    for verdict in subject:
        parts += _bundle(verdict, headers, gone)
    if not subject:
        parts.append("No bundle was added or changed.")
    for each in newly:
        names = [verdict.place.name for verdict in verdicts if verdict.id == each.id]
        parts.append(
            f"Withdrawn: {', '.join(map(code, names or [each.id[:12]]))} by {code(each.by)}, "
            f"{code(each.reason)}"
        )
    if faults:
        parts += ["### What is published stays", "\n".join(f"* {code(fault)}" for fault in faults)]
    text = "\n\n".join(parts) + "\n"
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n\n… cut off here; `arlarena verify` prints all of it.\n"
    return text


def code(text: str) -> str:
    """Return a stranger's words as a code span of one line, fit for a cell of a table."""
    return f"`{shown(text, LONGEST_WORDS).replace('`', chr(39)).replace('|', '¦') or ' '}`"


def _header(place: Path) -> Header | None:
    try:
        return header_of(place)
    except ArenaError:
        return None


def _bundle(
    verdict: Verdict, headers: Mapping[str, Header | None], gone: Mapping[str, Withdrawal]
) -> list[str]:
    name = verdict.place.name
    header = headers[name]
    if verdict.fault is not None or header is None:
        why = verdict.fault or "its header cannot be read"
        return [f"### {code(name)}: rejected", code(why)]
    who = ", ".join(part for part in header.submitter.model_dump().values() if part)
    ranked = "ranked" if verdict.unranked is None else f"unranked: {verdict.unranked}"
    calibrated = verdict.calibration.line if verdict.calibration else "not asked for"
    facts = [
        f"by {code(who)}, bundle {code(verdict.id[:12])}",
        f"tier **{verdict.tier}**, under {code(verdict.rules)}, {code(ranked)}",
        f"{code(header.environment)}, preset {code(header.preset)}, panel "
        f"{code(header.panel.name)}: {header.panel.tasks} tasks",
        f"{CALIBRATION}: {code(calibrated)}",
        *(f"{what}: {code(how)}" for what, how in verdict.checked.items() if what != CALIBRATION),
        *(f"lacks {what}" for what in verdict.lacks),
    ]
    if (withdrawal := gone.get(verdict.id)) is not None:
        facts.insert(0, f"**withdrawn** by {code(withdrawal.by)}: {code(withdrawal.reason)}")
    beside = {
        other: theirs
        for other, theirs in headers.items()
        if theirs is not None and _table(theirs) == _table(header) and theirs.id not in gone
    }
    rows = [
        _cells(row, other, other == name)
        for other, theirs in sorted((beside | {name: header}).items(), key=lambda e: e[0] != name)
        for row in theirs.table
    ]
    table = write_cells(COLUMNS, rows, "github")
    return [f"### {code(name)}: verified", "\n".join(f"* {fact}" for fact in facts), table]


def _table(header: Header) -> tuple[str, ...]:
    """Return what bundles share whose rows may stand below each other."""
    return header.rules, header.preset, header.environment, header.panel.digest


def _cells(row: Mapping[str, Any], bundle: str, new: bool) -> list[str]:
    contrast = row["contrast"] or {}
    interval, p = row["success_interval"], contrast.get("p")
    success = f"{100 * row['success']:.1f}"
    return [
        "new" if new else "",
        code(row["method"]),
        code(bundle),
        f"**{success}**" if new else success,
        NONE if interval is None else "[" + ", ".join(f"{100 * b:.1f}" for b in interval) + "]",
        NONE if not contrast else f"{100 * contrast['estimate']:+.1f}",
        NONE if p is None else f"{p:.3f}",
        str(len(row["seeds"])),
    ]
