"""What is left of a run that failed, so that its place in a table stays visible."""

from pathlib import Path

from pydantic import ValidationError

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_json
from arlarena_bench.labels import label
from arlarena_bench.recipe import Recipe
from arlarena_bench.record.part import RecordPart, first_line

FAILURE_FILE = "failed.json"


class FailureRecord(RecordPart):
    """A run that failed.

    Attributes:
        recipe: Every setting of the run.
        reason: Why, in one line.
        command: What was run.
        log: The last lines that it printed.
    """

    recipe: Recipe
    reason: str
    command: str
    log: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The row in tables that the run would have been in."""
        return label(self.recipe.subject)

    @property
    def name(self) -> str:
        """That row, and the seed."""
        return f"{self.label} seed {self.recipe.seed}"


def write_failure(folder: Path, failure: FailureRecord) -> None:
    """Leave a failure in the run's folder.

    Raises:
        ArenaError: If it cannot be written.
    """
    write_json(folder / FAILURE_FILE, failure.model_dump(mode="json"))


def read_failure(path: Path) -> FailureRecord:
    """Read what `write_failure` has written.

    Raises:
        ArenaError: If it cannot be read, or is something else; one line.
    """
    try:
        return FailureRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        raise ArenaError(f"{path} is no record of a failure: {first_line(error)}") from None
