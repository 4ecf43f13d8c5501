"""Hyper-parameters of nested choices: read by name, checked against their annotations, replaced."""

from dataclasses import fields, is_dataclass, replace
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from arlarena_bench.errors import ArenaError

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]

Choice = TypeVar("Choice")


def read_options(choice: object) -> dict[str, Any]:
    """Return the plain fields of a dataclass and of the dataclasses inside it, by name."""
    found: dict[str, Any] = {}
    for name, value in _fields(choice).items():
        found |= read_options(value) if callable(value) else {name: value}
    return found


def replace_options(choice: Choice, overrides: dict[str, Any]) -> Choice:
    """Return a copy of `choice` in which every field an override names has its value."""
    changes = {
        name: replace_options(value, overrides) if callable(value) else overrides[name]
        for name, value in _fields(choice).items()
        if callable(value) or name in overrides
    }
    return replace(choice, **changes) if changes else choice  # type: ignore[type-var]


def check_options(choice: object) -> None:
    """Check every option of `choice` against its field's annotation, ranges included.

    Raises:
        ArenaError: If a value has the wrong type or lies out of its range.
    """
    for name, value in _fields(choice).items():
        if callable(value):
            check_options(value)
            continue
        try:
            _annotation(type(choice), name).validate_python(value)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise ArenaError(f"{type(choice).__name__}.{name}={value!r}: {problem}") from None


def _fields(choice: object) -> dict[str, Any]:
    """Return the fields of a dataclass instance, none for a plain function."""
    if not is_dataclass(choice):
        return {}
    return {field.name: getattr(choice, field.name) for field in fields(choice)}


def _annotation(owner: type, name: str) -> TypeAdapter[Any]:
    """Compile one field's annotation; strict, so that "0.2" is not taken for 0.2."""
    hint = get_type_hints(owner, include_extras=True)[name]
    return TypeAdapter(hint, config=ConfigDict(strict=True, arbitrary_types_allowed=True))
