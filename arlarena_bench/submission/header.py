"""The header of a bundle, `bundle.json`: who submits, and what follows from the results."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import fsum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from arlarena_bench.errors import ArenaError
from arlarena_bench.recipe import Recipe, leaves
from arlarena_bench.recipe.sections import DIGEST
from arlarena_bench.record import (
    CostRecord,
    PanelRecord,
    PolicyRecord,
    Provenance,
    Result,
    Ruleset,
    StartRecord,
)
from arlarena_bench.record.comparing import APART
from arlarena_bench.record.part import Count, RecordPart, Sha256, first_line
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.table import Row, Table, build_tables
from arlarena_bench.submission.content_ids import content_id, episode_ids, merkle_root
from arlarena_bench.submission.rules import Track

# By name: a column that tables get later leaves older headers as they are.
CELLS = (
    "method",
    "kind",
    "ruleset",
    "seeds",
    "success",
    "success_iqm",
    "success_interval",
    "worst_seed",
    "other_decoders",
    "rank",
    "contrast",
    "score",
    "score_turn_weighted",
    "valid_format",
    "stability",
    "cost",
)
BUNDLE_VERSION: Literal[1] = 1
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Url = Annotated[str, Field(max_length=200, pattern=r"^https?://[^\s<>\"'()\x00-\x1f]+$")]


class Submitter(RecordPart):
    """Who submits: a name, and where it belongs or how it is reached."""

    name: Line
    affiliation: Line | None = None
    contact: Line | None = None
    paper: Url | None = None


def submitter_of(
    name: str, affiliation: str | None, contact: str | None, paper: str | None
) -> Submitter:
    """Return who submits, of what a user wrote.

    Raises:
        ArenaError: If a part is too long, of several lines, or no address.
    """
    try:
        return Submitter(name=name, affiliation=affiliation, contact=contact, paper=paper)
    except ValidationError as error:
        raise ArenaError(f"--{first_line(error)}") from None


class RunRecord(RecordPart):
    """One result of a bundle.

    Attributes:
        method: Its row in tables.
        seed: Of training.
        policy: Who played.
        ruleset: How the method's values were chosen; None for what has none.
        start: What training began from.
        recipe: Digest of every setting.
        root: Of the Merkle tree over its episodes, decoders by name.
        episodes: SHA-256 of each episode, by decoder, in the panel's order.
    """

    method: str
    seed: Count
    policy: PolicyRecord
    ruleset: Ruleset | None
    start: StartRecord | None
    recipe: Sha256
    root: Sha256
    episodes: dict[str, tuple[Sha256, ...]]


class MethodFiles(RecordPart):
    """A method that came out of a file: SHA-256 of all, and of each file below `method/`."""

    source: Sha256
    files: dict[str, Sha256]


class Findings(RecordPart):
    """What follows from the results of a bundle, and from nothing else.

    Attributes:
        preset: Name of the recipe.
        environment: Id with version.
        recipe: The settings that all runs share, by dotted key, as digests have them.
        panel: What was played.
        conditions: What scores depend on beside the tasks.
        seeds: Training seeds.
        methods: Methods out of files, by their label.
        runs: By the folder that they lie in.
        provenance: Code, packages and machines, each once.
        cost: Of all training together.
        table: Rows of the table, the cells of `CELLS` each.
        root: Of the Merkle tree over the roots of runs.
    """

    preset: str
    environment: str
    recipe: dict[str, Any]
    panel: PanelRecord
    conditions: dict[str, str]
    seeds: tuple[Count, ...]
    methods: dict[str, MethodFiles]
    runs: dict[str, RunRecord] = Field(min_length=1)
    provenance: tuple[Provenance, ...]
    cost: CostRecord
    table: tuple[dict[str, Any], ...]
    root: Sha256


class Header(Findings):
    """`bundle.json`.

    Attributes:
        schema_version: Of bundles.
        rules: Name of the rules that it is submitted under.
        track: Theirs.
        submitter: Who submits.
        files: SHA-256 of every other file of the folder.
        id: SHA-256 of all of the above: the bundle's name.
    """

    schema_version: Literal[1] = BUNDLE_VERSION
    rules: str
    track: Track
    submitter: Submitter
    files: dict[str, Sha256]
    id: Sha256

    def data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return self.model_dump(mode="json")


def header_id(data: Mapping[str, Any]) -> str:
    """Return the id of a header's JSON data."""
    return content_id({name: value for name, value in data.items() if name != "id"})


def table_of(results: Mapping[str, Result]) -> Table:
    """Return the table of a bundle's results, by the folder that each lies in.

    Raises:
        ArenaError: If they share no table, or two are of one method and seed.
    """
    runs = [FinishedRun(result.without_turns(), Path(name)) for name, result in results.items()]
    tables = build_tables(runs)
    if len(tables) > 1:
        raise ArenaError(f"the results share no table: {tables[0].why_not_joined(tables[1])}")
    return tables[0]


def findings(results: Mapping[str, Result]) -> Findings:
    """Return what follows from the results of a bundle.

    Args:
        results: With turns, by the folder that each lies in.

    Raises:
        ArenaError: If they share no table.
    """
    table = table_of(results)
    shared = table.any_result
    runs = {name: _run(results[name]) for name in sorted(results)}
    return Findings(
        preset=shared.recipe.name,
        environment=shared.recipe.environment.id,
        recipe=_settings(shared.recipe),
        panel=shared.panel,
        conditions=shared.conditions,
        seeds=tuple(sorted({result.seed for result in table.trained} or {shared.seed})),
        methods=_methods(results),
        runs=runs,
        provenance=_provenance(results),
        cost=_cost(results),
        table=tuple(_cells(row) for row in table.rows),
        root=merkle_root([run.root for run in runs.values()]),
    )


def _settings(recipe: Recipe) -> dict[str, Any]:
    data = recipe.without_control().model_dump(mode="json", context=DIGEST)
    return dict(leaves({name: data[name] for name in data if name not in APART}))


def _cells(row: Row) -> dict[str, Any]:
    cells: dict[str, Any] = json.loads(json.dumps(asdict(row)))
    return {name: cells[name] for name in CELLS}


def _run(result: Result) -> RunRecord:
    ids = episode_ids(result)
    return RunRecord(
        method=result.label,
        seed=result.seed,
        policy=result.policy,
        ruleset=result.ruleset,
        start=result.start,
        recipe=result.recipe.digest(),
        root=merkle_root([each for name in sorted(ids) for each in ids[name]]),
        episodes=ids,
    )


def _methods(results: Mapping[str, Result]) -> dict[str, MethodFiles]:
    found = {}
    for result in results.values():
        method = result.recipe.method
        if result.policy.kind == "trained" and method.source is not None:
            found[result.label] = MethodFiles(source=method.source, files=method.files)
    return dict(sorted(found.items()))


def _provenance(results: Mapping[str, Result]) -> tuple[Provenance, ...]:
    """Return what made the results, each once, without the commands."""
    each = (result.provenance.model_copy(update={"command": None}) for result in results.values())
    lines = {one.model_dump_json(): one for one in each}
    return tuple(lines[line] for line in sorted(lines))


def _cost(results: Mapping[str, Result]) -> CostRecord:
    """Return the sum over runs; None for what one of them did not record."""
    trained = [result.cost for result in results.values() if result.training is not None]
    sums: dict[str, float | int | None] = {}
    for name in CostRecord.model_fields:
        values = [getattr(cost, name) for cost in trained]
        known = bool(values) and None not in values
        add = fsum if name == "cpu_seconds" else sum
        sums[name] = add(values) if known else None
    return CostRecord.model_validate(sums)
