r"""Where the answer stands in a text: `\boxed{…}` and the forms that people write for it."""

import re
from typing import NamedTuple

_BOX = r"\\(?:boxed|fbox)(?![a-zA-Z])\*?"
# Besides boxes and braces: what is escaped, and cannot open or close a group.
_PIECE = re.compile(rf"{_BOX}|\\.|[{{}}]", re.DOTALL)
# What a box without braces holds, as TeX has it: one command or character; here also a whole
# number, which nobody means to cut after its first digit, and the arguments of a fraction or root.
_BRACES = r"\{(?:[^{}\\]|\\.)*\}"
for _ in range(3):  # of braces in braces; a pattern knows no deeper ones than it is told
    _BRACES = rf"\{{(?:[^{{}}\\]|\\.|{_BRACES})*\}}"
_ARGUMENT = rf"\s*(?:{_BRACES}|\\(?![dtc]?frac|sqrt)[a-zA-Z]+|[^\s{{}}\\])"
_BARE = re.compile(
    rf"\s*(\\[dtc]?frac(?![a-zA-Z])(?:{_ARGUMENT}){{2}}|\\sqrt(?![a-zA-Z])(?:{_ARGUMENT})"
    r"|[-+]?[0-9]+(?:[.,][0-9]+)*|\\(?![bf]box|[dtc]?frac|sqrt)[a-zA-Z]+|[A-Za-z](?![A-Za-z]))",
    re.DOTALL,
)
_OPENING = re.compile(r"\s*\{")


class Box(NamedTuple):
    """Where a box begins, and where its contents begin and end."""

    start: int
    inner: int
    end: int


def boxes(text: str) -> list[Box]:
    r"""Return every complete box of a text, in the order of their contents.

    A box is `\boxed{…}` or `\fbox{…}`; in `\boxed 2` and `\boxed\frac12` the contents are the one
    number, letter, fraction or root that follows. Braces nest, and `\{` and `\}` are no braces.
    Time is linear in the length of the text.
    """
    found = []
    opened: list[tuple[int | None, int]] = []
    at = 0
    for piece in _PIECE.finditer(text):
        if piece.start() < at:
            continue  # the brace that opens a box, passed with it
        at = piece.end()
        if len(piece[0]) > 2:
            if brace := _OPENING.match(text, at):
                at = brace.end()
                opened.append((piece.start(), at))
            elif bare := _BARE.match(text, at):
                # Its braces are read once more, since a box may stand between them.
                found.append(Box(piece.start(), *bare.span(1)))
        elif piece[0] == "{":
            opened.append((None, at))
        elif piece[0] == "}" and opened:
            start, inner = opened.pop()
            if start is not None:
                found.append(Box(start, inner, piece.start()))
    return sorted(found, key=lambda box: box.inner)


def last_boxed(text: str) -> str | None:
    r"""Return what stands in the last complete box of a text, None without one."""
    found = boxes(text)
    return text[found[-1].inner : found[-1].end].strip() if found else None
