"""What stands for a table of the paper: named cells, each a method of a preset with settings."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.recipe import Recipe
from arlarena_bench.report.measures import check_measure
from arlarena_bench.report.paper_tables import DataPart

Values = dict[str, Any]
GROUPS, PARTS, SIZE = "train.groups", "train.minibatches", "train.minibatch_rows"


class Tier(DataPart):
    """A preset, and what each environment of the paper is called in it."""

    preset: str
    environments: dict[str, str]


class Cell(DataPart):
    """One configuration of an experiment.

    Attributes:
        method: An installed method; it gets the preset's values for it.
        row: The paper's row for it, None where the paper has none.
        label: What it is called where it has no row; the method's name if None.
        settings: Setting → value, in every tier.
        at: Tier → setting → value.
        times: Setting → by what the preset's is multiplied; counts are rounded, to at least 1.
        against: The cell that differences are from.
    """

    method: str
    row: str | None = None
    label: str | None = None
    settings: Values = Field(default_factory=dict)
    at: dict[str, Values] = Field(default_factory=dict)
    times: dict[str, float] = Field(default_factory=dict)
    against: str | None = None

    @property
    def name(self) -> str:
        """What its row is called."""
        return self.row or self.label or self.method


class Experiment(DataPart):
    """Cells that are compared with each other.

    Attributes:
        cells: By a name that claims use; in the order of the table's rows.
        environments: The paper's name → its column → what is measured beside it. The first one's
            columns stand beside an environment that the paper has no numbers of.
        paper: The table that it stands for, None for one that the paper does not have.
        default: Which environments are run if nobody says otherwise; all if None.
        tiers: Where it can be run; everywhere if None.
        preset: Takes the place of the tier's.
        settings: Tier → setting → value, in every cell.
        notes: What a reader must know.
    """

    cells: dict[str, Cell]
    environments: dict[str, dict[str, str]] = Field(min_length=1)
    paper: str | None = None
    default: tuple[str, ...] | None = None
    tiers: tuple[str, ...] | None = None
    preset: str | None = None
    settings: dict[str, Values] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Experiment":
        for name, cell in self.cells.items():
            if cell.against not in {None, *self.cells} - {name}:
                raise ValueError(f"{name} is against {cell.against}, which is no other cell")
        for columns in self.environments.values():
            for measure in columns.values():
                check_measure(measure)
        return self

    def columns(self, environment: str) -> tuple[str, dict[str, str]]:
        """Return whose columns of the paper stand beside an environment, and these."""
        first = next(iter(self.environments))
        whose = environment if environment in self.environments else first
        return whose, self.environments[whose]

    def preset_of(self, tier: Tier) -> str:
        """Return the preset that its cells are of."""
        return self.preset or tier.preset

    def values(self, name: str, tier: str, base: Recipe) -> Values:
        """Return the settings of a cell.

        Args:
            name: The cell.
            tier: Its tier.
            base: The preset with what the user has set; `times` multiplies what it says.

        Raises:
            ArenaError: If `times` names no number of the recipe.
        """
        data = base.model_dump()
        cell = self.cells[name]
        times = dict(cell.times)
        if base.train.minibatch_rows is not None and (factor := times.pop(PARTS, None)):
            # Where the preset gives a size, half as many parts are parts of twice the size.
            size = times.get(GROUPS, 1.0) / factor
            times |= {SIZE: size} if size != 1.0 else {}
        relative = {key: _times(data, key, factor) for key, factor in times.items()}
        return self.settings.get(tier, {}) | cell.settings | cell.at.get(tier, {}) | relative


def _times(data: Mapping[str, Any], dotted: str, factor: float) -> float:
    value: Any = data
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, int | float):
        raise ArenaError(f"times: {dotted} is no number of the recipe, it is {value!r}")
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor


def named(experiments: Mapping[str, Experiment], name: str) -> Experiment:
    """Return an experiment by name.

    Raises:
        ArenaError: If there is none of it.
    """
    if name not in experiments:
        raise unknown("experiment", name, experiments)
    return experiments[name]
