"""Two methods task by task: outcomes of every run of a table, and how they fall together."""

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

from arlarena_bench.report.table import Table
from arlarena_bench.site.episode_data import row_of

Outcomes = Mapping[int, str]
"""Seed → one character an episode in the panel's order, `1` for a solved task."""


def outcomes(table: Table) -> list[dict[int, str]]:
    """Return the outcomes of each of a table's rows."""
    places = {(row.method, row.kind == "reference"): i for i, row in enumerate(table.rows)}
    found: list[dict[int, str]] = [{} for _ in table.rows]
    for run in table.runs:
        episodes = run.result.main.episodes
        solved = "".join("1" if episode.success else "0" for episode in episodes)
        found[places[row_of(run.result)]][run.result.seed] = solved
    return found


def tallies(found: Sequence[Outcomes]) -> dict[str, dict[str, list[int]]]:
    """Return of each pair of rows, seed by seed, how many episodes both solve, and so on.

    Returns:
        `"i j"`, the places of two rows → seed that both have, or `"all"` → both, only the first,
        only the second, neither.
    """
    pairs = {}
    for (i, a), (j, b) in combinations_with_replacement(enumerate(found), 2):
        by_seed = {str(s): _fall(a[s], b[s]) for s in sorted(a.keys() & b.keys())}
        every = [sum(counts) for counts in zip(*by_seed.values(), strict=True)]
        pairs[f"{i} {j}"] = {**by_seed, "all": every}
    return pairs


def _fall(ours: str, theirs: str) -> list[int]:
    both = list(zip(ours, theirs, strict=True))
    return [both.count(kind) for kind in (("1", "1"), ("1", "0"), ("0", "1"), ("0", "0"))]


def comparison_data(table: Table) -> dict[str, Any]:
    """Return all that the compare page shows, but addresses."""
    found = outcomes(table)
    episodes = table.runs[0].result.main.episodes
    return {
        "tasks": [
            {"id": episode.task_id, "attempt": episode.attempt, "category": episode.category or ""}
            for episode in episodes
        ],
        "rows": [
            {
                "name": row.method,
                "kind": row.kind,
                "success": f"{100 * row.success:.1f}",
                "seeds": {str(seed): by_seed[seed] for seed in sorted(by_seed)},
            }
            for row, by_seed in zip(table.rows, found, strict=True)
        ],
        "tallies": tallies(found),
    }
