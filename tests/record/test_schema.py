"""The published schema is that of the classes."""

import json
from pathlib import Path

from arlarena_bench.record import Result

SCHEMA = Path(__file__).parents[2] / "docs" / "result.schema.json"


def test_the_published_schema_is_that_of_the_classes() -> None:
    schema = Result.model_json_schema(mode="serialization")
    expected = json.dumps(schema, indent=1, sort_keys=True) + "\n"
    assert SCHEMA.read_text(encoding="utf-8") == expected
