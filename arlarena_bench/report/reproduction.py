"""All that ships about the paper: its tables, what stands for them, and its claims."""

from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.claims import START_CELL, Claim
from arlarena_bench.report.comparison import REPRODUCTION
from arlarena_bench.report.experiments import Experiment, Tier
from arlarena_bench.report.measures import SUCCESS
from arlarena_bench.report.paper_tables import DataPart, PaperTable


class Reproduction(DataPart):
    """The paper's tables, the experiments that stand for them, and the claims.

    Attributes:
        paper: Name → table.
        tiers: Name → preset and environments.
        experiments: Name → experiment.
        claims: Name → claim.
    """

    paper: dict[str, PaperTable]
    tiers: dict[str, Tier]
    experiments: dict[str, Experiment] = Field(min_length=1)
    claims: dict[str, Claim]

    @model_validator(mode="after")
    def _fits_together(self) -> "Reproduction":
        for name, experiment in self.experiments.items():
            if experiment.paper is not None:
                self._check_paper(name, experiment, self.paper[experiment.paper])
        for name, claim in self.claims.items():
            experiment = self.experiments[claim.experiment]
            if unknown := sorted(set(claim.cells) - experiment.cells.keys()):
                raise ValueError(f"claim {name}: {claim.experiment} has no cell {unknown[0]}")
            if unknown := sorted(set(claim.environments) - experiment.environments.keys()):
                raise ValueError(f"claim {name}: {claim.experiment} is not run in {unknown[0]}")
        return self

    def _check_paper(self, name: str, experiment: Experiment, table: PaperTable) -> None:
        rows = {cell.row for cell in experiment.cells.values() if cell.row}
        columns = {c for columns in experiment.environments.values() for c in columns}
        for kind, missing in (
            ("row", rows - table.rows.keys()),
            ("column", columns - set(table.columns)),
        ):
            if missing:
                raise ValueError(f"{name}: {table.place} has no {kind} {sorted(missing)[0]!r}")

    def table_of(self, experiment: Experiment) -> PaperTable | None:
        """Return the paper's table that an experiment stands for."""
        return None if experiment.paper is None else self.paper[experiment.paper]

    def printed(self, experiment: Experiment, name: str, column: str) -> float | None:
        """Return the paper's number for a cell, None where it prints none."""
        table, row = self.table_of(experiment), experiment.cells[name].row
        if table is None or row is None or table.changes:
            return None
        return table.value(row, column)

    def printed_change(self, experiment: Experiment, name: str, column: str) -> float | None:
        """Return how far the paper's number lies above that of the cell it is compared with."""
        table, cell = self.table_of(experiment), experiment.cells[name]
        if table is not None and table.changes and cell.row is not None:
            return table.value(cell.row, column)
        if cell.against is None:
            return None
        ours = self.printed(experiment, name, column)
        theirs = self.printed(experiment, cell.against, column)
        return None if ours is None or theirs is None else ours - theirs

    def contrast(self, claim: Claim) -> float | None:
        """Return a claim's contrast by the paper's own success rates, if it prints all of them."""
        experiment = self.experiments[claim.experiment]
        if claim.measure != SUCCESS or START_CELL in {cell for _, cell in claim.terms}:
            return None
        found = [self._contrast_in(experiment, claim, name) for name in claim.environments]
        known = [value for value in found if value is not None]
        return fmean(known) if len(known) == len(found) else None

    def _contrast_in(self, experiment: Experiment, claim: Claim, name: str) -> float | None:
        columns = experiment.columns(name)[1]
        column = next(column for column, measure in columns.items() if measure == SUCCESS)
        if experiment.paper is None:
            return None
        terms = claim.terms
        change = self.printed_change(experiment, terms[0][1], column)
        if len(terms) == 2 and experiment.cells[terms[0][1]].against == terms[1][1]:
            return change
        values = [(sign, self.printed(experiment, cell, column)) for sign, cell in terms]
        known = [sign * value for sign, value in values if value is not None]
        return sum(known) if len(known) == len(values) else None


@cache
def reproduction() -> Reproduction:
    """Return what ships.

    Raises:
        ArenaError: If it is damaged.
    """
    data = {"paper": _read("paper"), "claims": _read("claims"), **_read("experiments")}
    try:
        return Reproduction.model_validate(data)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise ArenaError(f"{REPRODUCTION}: {where}: {problem['msg']}") from None


def _read(name: str) -> dict[str, Any]:
    path: Path = REPRODUCTION / f"{name}.yaml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ArenaError(f"cannot read {path}: {error}; install the package again") from None
    if not isinstance(data, dict):
        raise ArenaError(f"{path} is damaged: no mapping; install the package again")
    return data
