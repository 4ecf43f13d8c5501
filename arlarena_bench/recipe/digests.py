"""Settings one by one, and their names by content."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any


def digest(data: Any) -> str:
    """Return the SHA-256 of JSON data, independent of key order."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def leaves(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting of nested data with its dotted key; an empty section is one."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, data
