"""The numbers of the paper as data, with the contradictions among them."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, model_validator

Numbers = tuple[float | None, ...]


class DataPart(BaseModel):
    """A part of what ships as data about the paper: immutable, every key known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Contradiction(DataPart):
    """What the paper says in two ways, or what does not follow from its cells.

    Attributes:
        cells: (row, column) of each cell that is in doubt; None for all of them.
        says: What the paper says, and what contradicts it.
    """

    cells: tuple[tuple[str | None, str | None], ...] = Field(min_length=1)
    says: str

    def concerns(self, row: str, column: str) -> bool:
        """Whether a cell is among those in doubt."""
        return any(r in (None, row) and c in (None, column) for r, c in self.cells)


class PaperTable(DataPart):
    """A table as printed.

    Attributes:
        place: Where it stands in the paper.
        title: What it is about.
        columns: Their names.
        baseline: The row that `percent` compares with.
        changes: Whether cells are differences from a configuration that is not printed.
        rows: Name → one number a column; None where the paper has none.
        percent: The changes printed beside the cells, in per cent of the baseline's.
        contradictions: Those that are known.
    """

    place: str
    title: str
    columns: tuple[str, ...]
    baseline: str | None = None
    changes: bool = False
    rows: dict[str, Numbers]
    percent: dict[str, Numbers] = Field(default_factory=dict)
    contradictions: tuple[Contradiction, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "PaperTable":
        for name, numbers in [*self.rows.items(), *self.percent.items()]:
            if len(numbers) != len(self.columns):
                raise ValueError(f"{name} has {len(numbers)} cells for {len(self.columns)} columns")
        named = {self.baseline} if self.baseline else set()
        named |= {row for found in self.contradictions for row, _ in found.cells if row}
        if missing := sorted((named | self.percent.keys()) - self.rows.keys()):
            raise ValueError(f"{missing[0]!r} is none of the rows")
        columns = {column for found in self.contradictions for _, column in found.cells if column}
        if missing := sorted(columns - set(self.columns)):
            raise ValueError(f"{missing[0]!r} is none of the columns")
        return self

    def value(self, row: str, column: str) -> float | None:
        """Return a cell, None where the paper has none."""
        return self.rows[row][self.columns.index(column)]

    def doubts(self, row: str, column: str) -> Iterator[Contradiction]:
        """Yield the contradictions that concern a cell."""
        return (found for found in self.contradictions if found.concerns(row, column))
