"""ALFWorld's game files (`game.tw-pddl`)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError, unknown

GAME_FILE = "game.tw-pddl"
TEXTS = ("pddl_domain", "pddl_problem", "grammar")

# How each verb is written in a grammar: the command, the answer, the manual.
_WORDINGS = {
    "move": (
        "move {o} to {r}",
        "You move the {o.name} to the {r.name}.",
        "move (object) to (receptacle):",
    ),
    "put": (
        "put {o} in/on {r}",
        "You put the {o.name} in/on the {r.name}.",
        "put (object) in/on (receptacle):",
    ),
}
_PUTTING_DOWN = {"move": re.compile("move (.+) to (.+)"), "put": re.compile("put (.+) in/on (.+)")}
_SAID = {"move": r"move \1 to \2", "put": r"put \1 in/on \2"}


def read_game(path: str | Path) -> dict[str, Any]:
    """Read a game file, or the one in a directory.

    Returns:
        The file's object; its keys are `pddl_domain`, `pddl_problem`, `grammar`, `solvable` and
        `walkthrough`.

    Raises:
        ArenaError: If there is no file, or it is not a whole, solvable game.
    """
    path = Path(path)
    if path.is_dir():
        if not (path / GAME_FILE).is_file():
            raise ArenaError(f"{path}: there is no {GAME_FILE} in this directory")
        path /= GAME_FILE
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ArenaError(f"{path} is not a whole game file: not JSON ({error})") from error
    try:
        check_game(data)
    except ArenaError as error:
        raise ArenaError(f"{path}: {error}") from error
    return dict(data)


def check_game(data: Any) -> None:
    """Check that an object has what a game needs.

    Raises:
        ArenaError: If it has not, or says that it cannot be won.
    """
    if not isinstance(data, Mapping):
        raise ArenaError("not a game: expected a JSON object")
    missing = [key for key in (*TEXTS, "solvable") if key not in data]
    if missing:
        raise ArenaError(f"not a whole game: {', '.join(missing)} missing")
    wrong = [key for key in TEXTS if not isinstance(data[key], str)]
    if wrong:
        raise ArenaError(f"not a game: {', '.join(wrong)} must be text")
    if data["solvable"] is not True:
        raise ArenaError("the game is marked unsolvable; choose another")


def reworded(data: Mapping[str, Any], verb: str) -> dict[str, Any]:
    """Return a game with another verb for putting things down, in grammar and walkthrough.

    Args:
        data: The object in a game file.
        verb: `move` or `put`.

    Raises:
        ArenaError: If the verb is neither.
    """
    if verb not in _WORDINGS:
        raise unknown("verb", verb, _WORDINGS)
    (other,) = _WORDINGS.keys() - {verb}
    grammar = data["grammar"]
    for old, new in zip(_WORDINGS[other], _WORDINGS[verb], strict=True):
        grammar = grammar.replace(old, new)
    walkthrough = [
        _PUTTING_DOWN[other].sub(_SAID[verb], command) for command in data.get("walkthrough") or ()
    ]
    return {**data, "grammar": grammar, "walkthrough": walkthrough}
