"""From the text of an answer to its tokens: LaTeX, Unicode, and what Python prints."""

import re
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from .expression import UnreadableError

# Far beyond any answer; what is longer, math-verify may try.
_MOST_TOKENS = 300

_UNICODE = str.maketrans(
    {
        **dict.fromkeys("−–‐‑﹣－", "-"),
        **dict.fromkeys("×·⋅∙∗", "*"),
        **dict.fromkeys("÷⁄∕", "/"),
        **dict.fromkeys("\xa0\u2009\u202f\u200b\t\n\r", " "),
        "π": r"\pi ",
        "∞": r"\infty ",
        "√": r"\sqrt ",
        "∪": r"\cup ",
        "∈": r"\in ",
        "±": r"\pm ",
        "∓": r"\mp ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "≠": r"\ne ",
        "≈": r"\approx ",
        "°": r"^\circ ",
        "²": "^2",
        "³": "^3",
        "½": r"\frac12",
        "¼": r"\frac14",
        "¾": r"\frac34",
        "…": "...",
        "％": "%",
        "∅": r"\emptyset ",
    }
)
_SAME = {"{.}": ".", r"\langle": "(", r"\rangle": ")"}
# What only moves ink about.
_INK = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?)(?![a-zA-Z])\.?|\\(?:display|text)style(?![a-zA-Z])"
    r"|\\limits(?![a-zA-Z])|(?<!\\)\\[()\[\]]"
)
_SPACE = re.compile(r"(?<!\\)\\[ ,;:!>]|~|\\q?quad(?![a-zA-Z])|\\thinspace(?![a-zA-Z])")
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\s*\\!|\\[,:; ]|\\thinspace|(?<!\.)_)\s*(?=\d{3}(?!\d))")
_SPACED_THOUSANDS = re.compile(r"-?\d{1,3}(?: \d{3})+")
_COMMA_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_BARE_POINT = re.compile(r"(?<!\d)\.(?=\s*\\(?:overline|bar|dot)(?![a-zA-Z]))")
# `6.02 x 10^{23}`
_CROSS = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*(?:\^|\*\*))")
# `0.1(6)`
_PERIOD = re.compile(r"(?<![\d.])(\d*\.\d*)\((\d+)\)")
# `Decimal('0.5')`
_QUOTED = re.compile(r"""(["'])([-+\d.eE/]+)\1""")
# `(1010)_{(2)}`, and digits above 9: `2A_{16}`.
_BRACKETED_BASE = re.compile(r"_\{\((\w+)\)\}|_\((\w+)\)")
_BRACKETED_DIGITS = re.compile(r"\((\d+)\)(?=_)")
_LETTERED = re.compile(
    r"(?<![A-Za-z\\{])(?=[0-9A-F]*[A-F])([0-9][0-9A-F]+|[A-F]{2}[0-9A-F]*)(?=_(?:1[1-6]|\{1[1-6]\}))"
)
# `]0,1[`, as the open interval is written in some countries.
_OUTWARD = re.compile(r"\]([^\[\]]*)\[")
# numpy prints arrays without commas.
_ARRAY = re.compile(r"\[[\[\]\d\s.eE+\-]+\]")
_ARRAY_GAP = re.compile(r"(?<=[\d.\]])\s+(?=[-\d.\[])")
# Python's imaginary unit, which elsewhere is a vector's name beside i.
_IMAGINARY = re.compile(r"(?<![a-zA-Z])i(?![a-zA-Z])")
_ENGINEERS = re.compile(r"(?<=\d)j(?![a-zA-Z])")
_EXPONENT = r"(?:[eE][+-]?\d+(?![\d.]))"
_AMBIGUOUS = re.compile(r"(?:[02-9]|\d\d+)e-\d(?!\d)")
_LOGARITHM = re.compile(r"\\log(?![a-zA-Z_])(?!\s*_)")

_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<number>(?:\d+(?:\.(?!\.\.)\d*)?|\.\d+){_EXPONENT}?)
    |\\(?:text(?:rm|bf|it|sf|normal|up)?|math(?:rm|bf|it|sf)|mbox|hbox|operatorname\*?)
      \s*\{{(?P<text>[^{{}}]*)\}}
    |(?P<command>\\(?:[a-zA-Z]+|[{{}}%$&|\\]))
    |(?P<word>[A-Za-z]+(?:\.[A-Za-z]\w*)*)
    |(?P<symbol>\*\*|//|[<>=!]=|\.\.\.|[-+*/^_()\[\]{{}}|,;:<>=!%$€£&'])""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of an answer.

    Attributes:
        kind: `number`, `text`, `command`, `word`, `symbol` or `end`.
        text: What is written; of a `text`, what stands in its braces.
        spaced: Whether white space stands before it.
    """

    kind: str
    text: str
    spaced: bool


END = Token("end", "", True)


@dataclass(frozen=True)
class Reading:
    r"""How to take what can be meant in two ways.

    Attributes:
        thousands: `1,000` is a thousand; otherwise two numbers.
        exponent: `2e-5` is 0.00002; otherwise 2·2.718… − 5.
        decimal_logarithm: `\log` without a base has base 10; otherwise e.
    """

    thousands: bool = True
    exponent: bool = True
    decimal_logarithm: bool = False


def readings(text: str) -> list[Reading]:
    """Return every way in which an answer can be meant."""
    # Between brackets, commas separate.
    grouped = not re.search(r"[(\[{]", text.replace("{,}", "")) or ", " in text
    thousands = (True, False) if grouped and _COMMA_THOUSANDS.search(text) else (False,)
    exponent = (True, False) if _AMBIGUOUS.search(text) else (True,)
    logarithm = (False, True) if _LOGARITHM.search(text) else (False,)
    return [Reading(*ways) for ways in product(thousands, exponent, logarithm)]


def tokens(text: str, reading: Reading) -> list[Token]:
    """Split an answer, in time linear in its length.

    Raises:
        UnreadableError: If there is a character that no answer has, or too much of it.
    """
    found: list[Token] = []
    spaced = False
    at = 0
    text = _plain(text, reading)
    while at < len(text):
        piece = _TOKEN.match(text, at)
        if piece is None or len(found) > _MOST_TOKENS:
            raise UnreadableError
        at = piece.end()
        kind = piece.lastgroup or ""
        if kind == "space":
            spaced = True
            continue
        if kind == "number" and not reading.exponent and _AMBIGUOUS.fullmatch(piece[0]):
            at = piece.start() + piece[0].index("e")
            found.append(Token(kind, text[piece.start() : at], spaced))
        else:
            found.append(Token(kind, piece[kind], spaced))
        spaced = False
    return found


def _plain(text: str, reading: Reading) -> str:
    text = text.translate(_UNICODE)
    for written, meant in _SAME.items():
        text = text.replace(written, meant)
    if r"\begin" not in text:
        text = text.replace("\\\\", "\\")  # escaped once too often
    text = _THOUSANDS.sub("", _BARE_POINT.sub("0.", _INK.sub(" ", text)))
    text = _QUOTED.sub(r"\2", _PERIOD.sub(r"\1\\overline{\2}", _CROSS.sub("*", text)))
    text = _BRACKETED_DIGITS.sub(r"\1", _BRACKETED_BASE.sub(r"_{\1\2}", text))
    text = _LETTERED.sub(r"\\text{\1}", text)
    text = _SPACE.sub(" ", text).strip()
    while text.endswith((".", ",", ";")) and not text.endswith("..."):
        text = text[:-1].rstrip()
    # A dollar sign is money where it stands alone, and else begins and ends mathematics.
    if text.replace(r"\$", "").count("$") != 1:
        text = re.sub(r"(?<!\\)\$", " ", text).strip()
    if outward := _OUTWARD.fullmatch(text):
        text = f"({outward[1]})"
    if _ARRAY.fullmatch(text) and "," not in text:
        text = _ARRAY_GAP.sub(",", text)
    if _SPACED_THOUSANDS.fullmatch(text):
        text = text.replace(" ", "")
    if not _IMAGINARY.search(text):
        text = _ENGINEERS.sub("i", text)
    if reading.thousands:
        text = _COMMA_THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    return text
