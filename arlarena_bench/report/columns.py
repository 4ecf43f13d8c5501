"""Rows written as columns, so that a name stands once a table and not once a row."""

from collections.abc import Mapping, Sequence
from typing import Any


def to_columns(rows: Sequence[Any]) -> Any:
    """Return rows of the same names as `{name: column}`, at every depth; other rows as they are."""
    first = rows[0] if rows else None
    if not isinstance(first, Mapping) or not first:
        return rows
    if any(not isinstance(row, Mapping) or row.keys() != first.keys() for row in rows):
        return rows
    return {name: to_columns([row[name] for row in rows]) for name in first}


def to_rows(columns: Any) -> Any:
    """Return what `to_columns` was given.

    Raises:
        ValueError: If the columns are not of one length.
    """
    if not isinstance(columns, Mapping):
        return columns
    filled = {name: to_rows(column) for name, column in columns.items()}
    lengths = {name: len(column) for name, column in filled.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"columns of different lengths: {listed}")
    return [dict(zip(filled, row, strict=True)) for row in zip(*filled.values(), strict=True)]
