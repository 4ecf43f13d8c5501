"""What is wrong with a recipe, in one line."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from arlarena_bench.errors import nearest


def first_problem(error: ValidationError, schema: type[BaseModel]) -> str:
    """Return one line that names the first offending key of `schema`, and the nearest known."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "recipe"
    if problem["type"] == "extra_forbidden":
        *path, key = problem["loc"]
        known = _section_keys(path, schema)
        return f"unknown key {where!r}{nearest(str(key), known)} (known: {', '.join(known)})"
    if problem["type"] == "missing":
        return f"{where} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return message if where == "recipe" else f"{where}: {message}"
    return f"{where}: {message}, got {problem['input']!r}"


def _section_keys(path: Sequence[Any], schema: type[BaseModel]) -> list[str]:
    section = schema
    for key in path:
        # What is no field is the name of an entry, or its place in a list.
        if field := section.model_fields.get(str(key)):
            section = next(_sections(field.annotation))
    return sorted(section.model_fields)


def _sections(kind: Any) -> Iterator[type[BaseModel]]:
    """Yield the schemas that an annotation such as `dict[str, list[Section]]` holds."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _sections(part)
