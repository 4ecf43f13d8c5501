"""Inputs that failed in the hands of others, with the right values (tests/field-cases.json)."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("field-cases.json")


@lru_cache
def _all() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(FILE.read_text(encoding="utf-8")))


def kinds() -> list[str]:
    """Return every kind of case."""
    return sorted({case["kind"] for case in _all()})


def cases(kind: str) -> list[dict[str, Any]]:
    """Return the cases of a kind, for `pytest.mark.parametrize(..., ids=itemgetter("id"))`."""
    found = [case for case in _all() if case["kind"] == kind]
    if not found:
        raise KeyError(f"no field case of kind {kind!r}: {', '.join(kinds())}")
    return found


def case(identity: str) -> dict[str, Any]:
    """Return one case by its id."""
    return next(case for case in _all() if case["id"] == identity)
