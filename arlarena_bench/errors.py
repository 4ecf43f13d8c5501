"""The one exception that reaches a user, and the suggestion it carries."""

from collections.abc import Iterable
from difflib import get_close_matches


class ArenaError(Exception):
    """Something a user can act on: one line that says what was wrong, where, and what to do."""


class ArenaWarning(UserWarning):
    """What somebody who uses the library is warned of; the command line has lines of its own."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known name closest to `name`, or an empty string."""
    by_folded = {item.casefold(): item for item in sorted(known)}
    match = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.5)
    return f"; did you mean {by_folded[match[0]]!r}?" if match else ""


def unknown(kind: str, name: object, known: Iterable[str]) -> ArenaError:
    """Build the error for a name that is not among `known`.

    Args:
        kind: What was looked up, for example `"method"`.
        name: The name as the user gave it; out of a file it may be anything.
        known: Every name that would have been accepted.

    Returns:
        An error whose message suggests the nearest name and lists all of them.
    """
    names = sorted(known)
    listed = ", ".join(names) if names else "none installed"
    return ArenaError(f"unknown {kind} {name!r}{nearest(str(name), names)} (known: {listed})")
