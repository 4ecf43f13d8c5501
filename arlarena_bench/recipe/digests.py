"""Names of settings and files by their content."""

import hashlib
import json
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError


def digest(data: Any) -> str:
    """Return the SHA-256 of JSON data, independent of key order."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def method_digest(path: Path) -> str:
    """Return the SHA-256 of a method's file.

    Raises:
        ArenaError: If it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ArenaError(f"cannot read method file {path}: {error.strerror}") from None
