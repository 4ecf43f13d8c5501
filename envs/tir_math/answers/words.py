"""Answers in words: names, dates, times, yes and no, the letter of a choice."""

import re

from .names import PRINTED

_WRAPPED = re.compile(
    r"\\(?:text(?:rm|bf|it|sf|tt|normal|up)?|math(?:rm|bf|it|sf)|mbox|hbox|operatorname\*?)"
    r"\s*\{([^{}]*)\}"
)
_SPACE = re.compile(r"(?<!\\)\\[ ,;:!]|~|\\q?quad(?![a-zA-Z])|\s+")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_RUN = re.compile(r"[^\W\d_]{3,}")
_MARKUP = re.compile(r"[*\"'`“”‘’$]|(?<!\d)\.|\.(?!\d)|[,;:!?]\s*$")
_CLOCK = re.compile(r"(\d{1,2}:\d{2})([ap]m)?")
_CHOICE = re.compile(r"\(?([A-J])[).:]?")
_CHOICE_AND_MORE = re.compile(r"\(([A-J])\)\s+[^-+*/=^()\s].*", re.DOTALL)


def unwrapped(text: str) -> str:
    r"""Return a text without the commands that set words, such as `\text{…}`."""
    return _WRAPPED.sub(lambda match: f" {match[1]} ", text)


def wordy(text: str) -> bool:
    r"""Return whether an answer has a word in it that is no mathematics."""
    if any(len(re.findall(r"[^\W\d_]", inner)) > 1 for inner in _WRAPPED.findall(text)):
        return True
    bare = _COMMAND.sub(" ", unwrapped(text))
    return any(run not in PRINTED for run in _RUN.findall(bare))


def plain(text: str) -> str:
    """Return an answer in words without markup, case and punctuation, and with single spaces."""
    spaced = _SPACE.sub(" ", unwrapped(text)).strip()
    # Spaces count between digits only: `11:00 a.m.` is `11:00a.m.`, but `1 1/2` is not `11/2`.
    close = re.sub(r"(?<!\d) | (?!\d)", "", _MARKUP.sub("", spaced))
    return close.strip("{}").casefold()


def choice(text: str) -> str | None:
    r"""Return the letter of `(A)`, `\text{A.}` or `A`; None for anything else."""
    found = _CHOICE.fullmatch(_SPACE.sub(" ", unwrapped(text)).strip(" $"))
    return found[1] if found else None


def chosen(text: str) -> str | None:
    r"""Return the letter of a choice, also of one with its contents: `\textbf{(C)}\ 12`."""
    found = _CHOICE_AND_MORE.fullmatch(_SPACE.sub(" ", unwrapped(text)).strip(" $"))
    return found[1] if found else choice(text)


def same_time(gold: str, answer: str) -> bool | None:
    """Return whether two times of day are one; None if they are none, or might be ratios."""
    mine, other = (_CLOCK.fullmatch(plain(text)) for text in (gold, answer))
    if mine is None or other is None or not (mine[2] or other[2]):
        return None
    return mine[1] == other[1] and (mine[2] or other[2]) == (other[2] or mine[2])
