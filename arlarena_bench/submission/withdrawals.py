"""What was withdrawn of what is published: the list beside a folder of bundles."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from arlarena_bench.errors import ArenaError
from arlarena_bench.record.part import RecordPart, Sha256, first_line
from arlarena_bench.submission.bundle_folder import shown
from arlarena_bench.submission.header import Line

WITHDRAWN_FILE = "withdrawn.yaml"


class Withdrawal(RecordPart):
    """A bundle that does not count any more. It stays where it is.

    Attributes:
        id: The bundle's.
        date: Year, month and day.
        by: Who withdrew it.
        reason: Why.
        superseded_by: The bundle that takes its place, None for none.
    """

    id: Sha256
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    by: Line
    reason: Line
    superseded_by: Sha256 | None = None


_WITHDRAWALS = TypeAdapter(tuple[Withdrawal, ...])


def read_withdrawals(path: Path) -> tuple[Withdrawal, ...]:
    """Return what was withdrawn; nothing without the file.

    Raises:
        ArenaError: If it is no list of withdrawals; says what it is instead.
    """
    return parse_withdrawals(path.read_bytes()) if path.exists() else ()


def parse_withdrawals(content: bytes) -> tuple[Withdrawal, ...]:
    """Return what a list says was withdrawn; errors as `read_withdrawals`."""
    try:
        data = yaml.safe_load(content.decode("utf-8")) or []
        if not isinstance(data, list):
            raise ArenaError("is a list of withdrawals")
        dated = [
            {key: str(value) if key == "date" else value for key, value in entry.items()}
            if isinstance(entry, dict)
            else entry
            for entry in data
        ]
        return _WITHDRAWALS.validate_python(tuple(dated))
    except ValidationError as error:
        raise ArenaError(shown(first_line(error))) from None
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ArenaError(f"is not YAML: {shown(' '.join(str(error).split()))}") from None
