"""Names as the player reads them: `mug_bar__minus_01_dot_50…` is `mug 2`."""

from collections import Counter
from collections.abc import Iterable

_PUNCTUATION = {"_bar_": "|", "_minus_": "-", "_plus_": "+", "_dot_": ".", "_comma_": ","}


def display_names(ids: Iterable[str]) -> dict[str, str]:
    """Return the name of every id: its kind, and a number among the things of that kind.

    Ids in alphabetical order count down, as ALFWorld counts: of three drawers the first by id is
    `drawer 3`. A part of another thing (`sink…|sinkbasin`) has a kind of its own. What has no
    coordinates, such as the agent, keeps its id and a space after it.
    """
    ordered = sorted(ids)
    kinds = {item: _kind(item) for item in ordered}
    left = Counter(kinds.values())
    names = {}
    for item in ordered:
        kind = kinds[item]
        if kind is None:
            names[item] = f"{_plain(item)} "
        else:
            names[item] = f"{kind} {left[kind]}"
            left[kind] -= 1
    return names


def _plain(item: str) -> str:
    for coded, sign in _PUNCTUATION.items():
        item = item.replace(coded, sign)
    return item


def _kind(item: str) -> str | None:
    kind, bar, _ = item.partition("_bar_")
    if not bar:
        return None
    return _plain(kind) + ("basin" if "basin" in item else "")
