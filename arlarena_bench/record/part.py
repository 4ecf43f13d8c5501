"""What all parts of a record have in common: their rules, and the ranges of their numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RecordPart(BaseModel):
    """A part of a record: immutable, nothing unknown, no conversion, no NaN or infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def first_line(error: ValidationError) -> str:
    """Return where the first problem is, what it is, and what stood there, in one line."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    before = f"{where}: " if where else ""
    message = problem["msg"].removeprefix("Value error, ").replace("\n", " ")
    if problem["type"] in ("value_error", "json_invalid", "missing", "extra_forbidden"):
        return f"{before}{message}"
    return f"{before}{message}, got {str(problem['input'])[:60]}"
