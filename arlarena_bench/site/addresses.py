"""Names of files and folders of the site, for methods and tables of any name."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

LONGEST = 48
_PLAIN = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST - 1}}}")


def slug(name: str) -> str:
    """Return a file's name for any name: lower-case ASCII, never two names the same.

    A name that is no file's name as it stands, is too long, or would differ from another one in
    case alone, ends in digits of its SHA-256.
    """
    if _PLAIN.fullmatch(name) and not name.endswith("."):
        return name
    kept = re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-.")[:LONGEST]
    return f"{kept or 'x'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def slug_of_path(path: PurePosixPath) -> str:
    """Return one such name for a folder below another."""
    return slug(".".join(path.parts) or "all")


def distinct(names: Iterable[str]) -> list[str]:
    """Return names that may repeat with a number behind each repetition."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}--{seen[name]}")
    return found
