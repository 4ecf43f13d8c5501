"""Writing the paper's numbers beside ours, and the verdicts on its claims, as text and as data."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from arlarena_bench.report.beside import Beside, SideBySide
from arlarena_bench.report.claims import SIGNIFICANT, Claim, Judged
from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.layout import NONE, write_table
from arlarena_bench.statistics import Difference

DOUBT = "†"
_COLUMNS: dict[str, Callable[[Beside], str]] = {
    "environment": lambda row: row.environment,
    "configuration": lambda row: row.row,
    "measure": lambda row: row.column,
    "paper": lambda row: _number(row.paper) + (DOUBT if row.doubts and row.paper else ""),
    "ours": lambda row: _number(row.ours),
    "95 % interval": lambda row: NONE if row.interval is None else _bounds(*row.interval),
    "seeds": lambda row: str(row.seeds) if row.seeds else NONE,
    "Δ paper": lambda row: (
        _change(row.paper_change) + (DOUBT if row.doubts and row.paper is None else "")
    ),
    "Δ ours": lambda row: _change(row.our_change) + _tested(row.tested),
    "sign": lambda row: row.sign or NONE,
}


_CLAIMS: dict[str, Callable[[Judged], str]] = {
    "paper says": lambda judged: f"{judged.claim.says} ({judged.claim.place})",
    "claim": lambda judged: judged.name,
    "contrast": lambda judged: _contrast(judged.claim),
    "tested in": lambda judged: _where(judged),
    "paper": lambda judged: _change(judged.paper),
    "ours": lambda judged: _change(judged.found.estimate if judged.found else None),
    "95 % interval": lambda judged: _interval(judged.found),
    "p (Holm)": lambda judged: _p(judged.p),
    "seeds": lambda judged: str(judged.seeds) if judged.seeds else NONE,
    "verdict": lambda judged: judged.verdict,
}


def render_beside(found: SideBySide, form: str, command: str, missing: Sequence[str]) -> str:
    """Return the table as text, with what the paper contradicts and where ours came from below.

    Args:
        found: What to write.
        form: `"csv"` or any format of the package `tabulate`.
        command: What makes it.
        missing: What is not there, and why, one line each.

    Raises:
        ArenaError: If the format is unknown.
    """
    shown = [name for name in _COLUMNS if name != "environment" or len(found.whose) > 1]
    cells = [[_COLUMNS[name](row) for name in shown] for row in found.rows]
    marks = [*_doubts(found), *missing, *_incomparable(found.runs)]
    lines = [*_paper(found), *found.experiment.notes, *_differences(found), *_runs(found.runs),
             f"made by `{command}`", *marks]  # fmt: skip
    below = "\n".join(f"- {line}" for line in lines)
    return write_table(shown, cells, form, below, marks)


def beside_json(found: SideBySide, command: str, missing: Sequence[str]) -> dict[str, Any]:
    """Return the same as data."""
    table = found.table
    return {
        "experiment": found.name,
        "paper": table.model_dump(mode="json") if table else None,
        "paper_of": found.whose,
        "command": command,
        "rows": [asdict(row) for row in found.rows],
        "missing": list(missing),
        "notes": list(found.experiment.notes),
        "runs": sorted(run.source.as_posix() for run in found.runs),
    }


def render_claims(judged: Sequence[Judged], form: str, command: str, missing: Sequence[str]) -> str:
    """Return the claims with their verdicts as text; arguments as of `render_beside`.

    What is for a screen names neither claims nor contrasts.
    """
    header, cells = claims_cells(judged)
    if form == "simple":
        kept = [place for place, name in enumerate(header) if name not in ("claim", "contrast")]
        header, cells = [header[i] for i in kept], [[row[i] for i in kept] for row in cells]
    lines = [*claims_facts(judged), f"made by `{command}`", *missing]
    below = "\n".join(f"- {line}" for line in lines)
    return write_table(header, cells, form, below, missing)


def claims_cells(judged: Sequence[Judged]) -> tuple[list[str], list[list[str]]]:
    """Return the columns' names and a row for each claim."""
    return list(_CLAIMS), [[cell(found) for cell in _CLAIMS.values()] for found in judged]


def claims_facts(judged: Sequence[Judged]) -> list[str]:
    """Return how many claims have which verdict, and what the columns mean, one fact a line."""
    tested = [found for found in judged if found.p is not None]
    counts = Counter(found.verdict for found in judged)
    return [
        ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())),
        "contrast: mean over environments of per cent of success (or of the measure named), paired "
        "by seed; 95 % interval and p by t on it. Where runs end below their start, shares of all "
        "runs are compared by permutation of labels",
        f"p (Holm): adjusted for a family of {len(tested)}, the claims that were tested; holds: "
        f"below {SIGNIFICANT} and on the claimed side of 0; does not hold: below it on the other",
        f"a claim is tested where all its cells have {LEAST_FOR_INTERVAL} common seeds; claims "
        "were written down before the runs (claims.yaml, beside the presets)",
    ]


def claims_json(judged: Sequence[Judged], command: str, missing: Sequence[str]) -> dict[str, Any]:
    """Return the same as data."""
    claims = [{**asdict(found), "claim": found.claim.model_dump(mode="json")} for found in judged]
    return {"command": command, "claims": claims, "missing": list(missing)}


def _contrast(claim: Claim) -> str:
    side = "< 0" if claim.direction == "below" else "> 0"
    return f"{claim.experiment}, {claim.measure}: {claim.contrast} {side}"


def _where(judged: Judged) -> str:
    there, count = judged.environments, len(judged.claim.environments)
    partly = f" ({len(there)} of {count})" if there and judged.missing else ""
    return f"{', '.join(there)}{partly}" or NONE


def _interval(found: Difference | None) -> str:
    # Without spread between runs there is no interval to speak of.
    return _bounds(found.low, found.high, "+") if found and found.low < found.high else NONE


def _p(p: float | None) -> str:
    return NONE if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _paper(found: SideBySide) -> list[str]:
    if found.table is None:
        return ["the paper has no such table"]
    told = f"paper: ARLArena (arXiv 2602.21534), {found.table.place}: {found.table.title}"
    others = [f"{short} stands beside the paper's {env}" for short, env in found.whose.items()]
    return [told, *others]


def _differences(found: SideBySide) -> list[str]:
    against = sorted({row.against for row in found.rows if row.against})
    what = against[0] if len(against) == 1 else "the configuration that a row builds on"
    pairs = [row.pairs for row in found.rows if row.pairs]
    how = f", paired over the {_range(pairs)} starts that both have" if pairs else ""
    return [
        f"ours: mean over seeds; 95 % interval: Student's t, from {LEAST_FOR_INTERVAL} seeds on",
        f"Δ: from {what}, ours with its 95 % interval{how} (not adjusted for the number of rows); "
        f"sign: whether both Δ have the same, open where our interval has 0 in it",
        "Score of ALFWorld and Sokoban: return weighted by turns, as the paper has it; of "
        "WebShop: mean score; all else per cent",
    ]


def _range(counts: Sequence[int]) -> str:
    least, most = min(counts), max(counts)
    return str(least) if least == most else f"{least} to {most}"


def _doubts(found: SideBySide) -> list[str]:
    told: dict[str, list[str]] = {}
    for row in found.rows:
        for says in row.doubts if row.paper is not None or row.paper_change is not None else ():
            cells = told.setdefault(says, [])
            cell = f"{row.row}, {row.column}"
            cells += [] if cell in cells else [cell]
    return [
        f"{DOUBT} {'; '.join(cells) if len(cells) < 5 else f'{len(cells)} cells'}: {says}"
        for says, cells in told.items()
    ]


def _runs(runs: Sequence[FinishedRun]) -> list[str]:
    panels = sorted({
        f"{run.result.panel.name}: {run.result.panel.tasks} tasks, SHA-256 "
        f"{run.result.panel.digest[:12]}, decoder {run.result.headline}"
        for run in runs
    })  # fmt: skip
    commits = sorted({run.result.provenance.commit or "unknown" for run in runs})
    if not runs:
        return ["there are no runs of it yet"]
    return [f"{len(runs)} runs, commit {', '.join(commits)}", *(f"panel {p}" for p in panels)]


def _incomparable(runs: Sequence[FinishedRun]) -> list[str]:
    reasons = {run.result.incomparable for run in runs if run.result.incomparable}
    return [f"NOT FOR THE LEADERBOARD: {reason}" for reason in sorted(reasons)]


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _change(value: float | None) -> str:
    return NONE if value is None else f"{value:+.2f}"


def _tested(tested: Difference | None) -> str:
    return "" if tested is None else f" {_bounds(tested.low, tested.high, '+')}"


def _bounds(low: float, high: float, sign: str = "") -> str:
    return f"[{low:{sign}.1f}, {high:{sign}.1f}]"
