"""Names of settings by their content."""

import hashlib
import json
from typing import Any


def digest(data: Any) -> str:
    """Return the SHA-256 of JSON data, independent of key order."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
