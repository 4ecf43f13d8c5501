from typing import Any

import pytest

from arlarena_bench.report.columns import to_columns, to_rows

ROWS = [
    {"task": "a", "score": 1.0, "measures": {"bought": 1, "deep": {"x": 1}}, "none": {}},
    {"task": "b", "score": 0.1, "measures": {"bought": 0, "deep": {"x": None}}, "none": {}},
]


def test_columns_at_every_depth() -> None:
    assert to_columns(ROWS) == {
        "task": ["a", "b"],
        "score": [1.0, 0.1],
        "measures": {"bought": [1, 0], "deep": {"x": [1, None]}},
        "none": [{}, {}],
    }


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        ROWS[:1],
        [],
        [{}, {}],
        [{"a": 1}, {"b": 1}],
        [{"a": {"x": 1}}, {"a": {}}],
        [1, {"a": 2}],
    ],
)
def test_there_and_back(rows: list[Any]) -> None:
    assert to_rows(to_columns(rows)) == rows


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="columns of different lengths: a 2, b 1"):
        to_rows({"a": [1, 2], "b": [1]})
