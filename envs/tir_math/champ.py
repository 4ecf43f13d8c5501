"""CHAMP (Mao et al. 2024): 270 competition problems, in one file of the package `champ-dataset`."""

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from arlarena_bench.errors import ArenaError

from .rows import Row

PACKAGE, FILE = "champ_dataset", "dataset_files/v0.json"
_MARK = "@@"  # around mathematics


def champ_file() -> Path:
    """Return the file of the installed package, which need not be importable for that.

    Raises:
        ArenaError: If it is not installed.
    """
    spec = find_spec(PACKAGE)
    for folder in (spec and spec.submodule_search_locations) or ():
        return Path(folder) / FILE
    raise ArenaError(
        "data='champ' needs the package champ-dataset: pip install 'arlarena-bench[champ]'"
    )


def champ_rows(path: Path, content: bytes) -> Iterator[tuple[str, Row]]:
    """Yield CHAMP's problems by name, with their mathematics between dollars.

    Raises:
        ArenaError: If the file is another one.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArenaError(f"{path} is not JSON ({error}); install champ-dataset again") from error
    problems = data.get("problems") if isinstance(data, dict) else None
    if not isinstance(problems, dict):
        raise ArenaError(
            f"{path}: a .json file of problems is CHAMP's, which has them under `problems`; write "
            "others as .jsonl, a row a line"
        )
    for name, problem in problems.items():
        yield name, _row(problem)


def _row(problem: object) -> Row:
    match problem:
        case {"_raw_text": str(text), "_raw_answer": str(answer), **others}:
            return {
                "problem": text.replace(_MARK, "$"),
                "answer": answer.replace(_MARK, "$"),
                "category": others.get("category"),
            }
    return "expected `_raw_text` and `_raw_answer`; install champ-dataset again"
