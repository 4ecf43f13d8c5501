"""A row of a data set as a problem: where its text, its answer and its category stand."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .gold import NoAnswerError, gold
from .problems import Problem

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "problem": ("problem", "question", "extra_info.question", "prompt"),
    "answer": ("gt_answer", "reward_model.ground_truth", "final_answer", "answer", "solution"),
    "category": ("subject", "type", "category"),
}
# A row, or what is wrong with it.
Row = dict[str, Any] | str
# The markup that SimpleRL's prompts already carry.
_USER = re.compile(r"<\|im_start\|>user\n(.*?)<\|im_end\|>", re.DOTALL)


class RowError(Exception):
    """What is wrong with a row, and what to do."""


def problem_of(row: Row, columns: Mapping[str, str]) -> Problem:
    """Return the problem of a row.

    Args:
        row: By column; or what is wrong with it.
        columns: `problem`, `answer`, `category` → name of the column, with dots into a record.

    Raises:
        RowError: If there is none.
    """
    if isinstance(row, str):
        raise RowError(row)
    try:
        text = _text(_value(row, columns, "problem")).strip()
        answer = _answer(row, columns)
        f"{text}{answer}".encode()  # half a surrogate pair is JSON, and no text
    except (UnicodeError, RecursionError) as error:
        raise RowError(f"not text ({error}); correct the row or remove it") from None
    if not text or not answer:
        raise RowError(
            f"the {'answer' if text else 'problem'} is empty; remove the row, or name "
            "the right column with columns="
        )
    category = _value(row, columns, "category")
    return Problem(text, answer, "", family=_text(category))


def _answer(row: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    """Return the right answer, from the first of the columns in which there is one."""
    reasons = []
    blank = False
    for name, value in _values(row, columns, "answer"):
        try:
            answer = gold(value, solution=name == "solution" and "answer" not in columns).strip()
        except NoAnswerError as error:
            reasons.append(f"no answer in {name}: {error}")
            continue
        if answer:
            return answer
        blank = True
    if reasons:
        raise RowError(
            f"{'; '.join(reasons)}; correct the row or remove it, or name the column of the answer "
            "with columns={'answer': …}"
        )
    if blank:
        return ""
    raise RowError(_none(row, columns, "answer"))


def _value(row: Mapping[str, Any], columns: Mapping[str, str], role: str) -> Any:
    found = next(_values(row, columns, role), None)
    if found is not None:
        return found[1]
    if role == "category":
        return None
    raise RowError(_none(row, columns, role))


def _values(
    row: Mapping[str, Any], columns: Mapping[str, str], role: str
) -> Iterator[tuple[str, Any]]:
    """Yield the columns that a role may have, where the row has them."""
    for name in _names(columns, role):
        value: Any = row
        for part in name.split("."):
            folded = (
                {k.casefold(): v for k, v in value.items()} if isinstance(value, Mapping) else {}
            )
            value = folded.get(part.casefold())
        if not _missing(value):
            yield name, value


def _names(columns: Mapping[str, str], role: str) -> tuple[str, ...]:
    return (columns[role],) if role in columns else COLUMNS[role]


def _none(row: Mapping[str, Any], columns: Mapping[str, str], role: str) -> str:
    return (
        f"no {role} in any column named {' or '.join(_names(columns, role))} (there are: "
        f"{', '.join(sorted(row))}); name the column with columns={{{role!r}: …}}"
    )


def _missing(value: Any) -> bool:
    """Return whether there is no value; tables of numbers have NaN in its place."""
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _text(value: Any) -> str:
    """Return a value as text, of a chat the last message of the user."""
    if _missing(value):
        return ""
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping):
        return _text(value.get("content"))
    if isinstance(value, Sequence) and not isinstance(value, str):
        asked = [m for m in value if not isinstance(m, Mapping) or m.get("role", "user") == "user"]
        return _text(asked[-1]) if asked else ""
    text = str(value)
    marked = _USER.findall(text)
    return marked[-1] if marked else text
