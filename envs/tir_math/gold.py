r"""The right answer in a row of a data set: a number, LaTeX, a list, or the end of a solution."""

import ast
import math
import re
from collections.abc import Mapping, Sequence

from . import answers
from .boxes import last_boxed

# GSM8K ends its solutions with `#### 18`.
_MARK = re.compile(r"#{4}[ \t]*(\S[^\n]*)")
_SAID = re.compile(r"(?i:\banswer is):?\s*(\S[^\n]*?)\.?\s*$")
_LIST = re.compile(r"""\s*\[\s*["'].*["']\s*\]\s*""", re.DOTALL)
_WORD = re.compile(r"(?<![\\a-zA-Z])[^\W\d_]{2,}")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z]*\*?\}")
# A sentence may be an answer; what has more words, or words in several lines, is a solution.
_MOST_WORDS = 25


class NoAnswerError(Exception):
    """Why a value of a row is no answer."""


def gold(value: object, solution: bool = False) -> str:
    r"""Return the right answer in LaTeX or plain text, without a box.

    Of a text that is the last complete box, else what stands behind the last `####`, else what
    "the answer is", else the text itself if it can be an answer. Several answers of a list are all
    needed, and are written with commas between; one that is there in several forms is one.

    Args:
        value: Of a cell: text, a number, or a list of those.
        solution: Whether the cell holds a solution, in which an answer must be marked.

    Raises:
        NoAnswerError: If there is none, with the reason.
        UnicodeError: If bytes are no text.
    """
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return _listed(value) or _of_text(value.strip(), solution)
    if isinstance(value, Mapping):
        raise NoAnswerError(f"it is a record of {', '.join(map(str, value))}; name one of them")
    if isinstance(value, Sequence):
        return _all(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise NoAnswerError("it is not a finite number")
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _of_text(text: str, solution: bool) -> str:
    boxed = last_boxed(text)
    if boxed is not None:
        if not boxed:
            raise NoAnswerError("its box is empty")
        return boxed
    if marks := _MARK.findall(text):
        return str(marks[-1]).strip()
    lines = text.splitlines()
    written = [len(_WORD.findall(_ENVIRONMENT.sub("", line))) for line in lines]
    words = sum(written)
    if words and lines and (said := _SAID.search(lines[-1])):
        return said[1]
    if "\\boxed" in text or "\\fbox" in text:
        raise NoAnswerError("it has a \\boxed that is not closed, or has nothing behind it")
    if solution:
        raise NoAnswerError("it has neither \\boxed{…} nor ####")
    if words > _MOST_WORDS or sum(map(bool, written)) > 1:
        raise NoAnswerError(
            f"it is a text of {words} words with neither \\boxed{{…}} nor #### before the answer"
        )
    return text


def _listed(text: str) -> str | None:
    """Return the answers of a list that is written as text, such as `['2', '5']`."""
    if not _LIST.fullmatch(text):
        return None
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return _all(value) if isinstance(value, list) else None


def _all(values: Sequence[object]) -> str:
    listed: list[str] = []
    for value in values:
        if isinstance(value, Mapping) or (
            isinstance(value, Sequence) and not isinstance(value, str)
        ):
            raise NoAnswerError("it is a list of lists or records; only flat lists are read")
        if value is not None:
            listed.append(gold(value).strip(" $"))
    listed = [text for text in listed if text]
    if not listed:
        raise NoAnswerError("the list of answers is empty")
    if all(answers.compare(listed[0], other) for other in listed[1:]):
        return listed[0]
    return ", ".join(listed)
