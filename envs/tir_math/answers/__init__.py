r"""Our own comparison of answers, beside math-verify's.

Answers are read by a grammar of their own (`notation`, `reader`), calculated exactly (`arithmetic`)
and compared (`closeness`, `agreement`); words are compared as words. Nothing is evaluated as
Python, and both reading and calculating are bounded. What is not read, or not known, is left to
math-verify.
"""

from itertools import product

from . import words
from .agreement import agree
from .expression import Answer, UnreadableError
from .notation import readings
from .reader import read

# Raised whenever a verdict changes.
VERSION = 1
__all__ = ["VERSION", "compare"]


def compare(gold: str, answer: str) -> bool | None:
    """Return whether an answer is right, None if that is for math-verify to say.

    Args:
        gold: The right answer, without a box.
        answer: What was given, without a box: any text at all.
    """
    chosen = words.choice(gold), words.chosen(answer)
    if None not in chosen:
        return chosen[0] == chosen[1]
    in_words = words.wordy(gold), words.wordy(answer)
    if any(in_words) and words.plain(gold) == words.plain(answer):
        return True
    if (same := words.same_time(gold, answer)) is not None:
        return same
    # What sympy prints for e and i are letters where the right answer has them as letters.
    python = "*" in gold and "\\" not in gold
    constants = [name for name in "EI" if python or name not in gold]
    expected = _read(gold, constants if python else ())
    given = _read(answer, constants)
    if not expected or not given:
        return False if all(in_words) else None
    verdicts = {_agree(mine, other) for mine, other in product(expected, given)}
    return True if True in verdicts else None if None in verdicts else False


def _read(text: str, constants: list[str] | tuple[str, ...]) -> list[Answer]:
    """Return every way in which an answer can be read."""
    found = []
    for reading in readings(text):
        try:
            found.append(read(text, reading, constants))
        except (UnreadableError, RecursionError):
            continue
    return found


def _agree(gold: Answer, answer: Answer) -> bool | None:
    try:
        return agree(gold, answer)
    except (UnreadableError, RecursionError):  # the caller's stack may be deep already
        return None
