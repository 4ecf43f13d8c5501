"""Whole answers: lists, pairs, sets, intervals, matrices, relations, quantities with units."""

from collections.abc import Iterable

from . import names
from .cursor import separates
from .expression import (
    Answer,
    Call,
    Expression,
    Group,
    Quantity,
    Relation,
    UnreadableError,
    letters,
    walk,
)
from .notation import END, Reading, tokens
from .terms import TermReader
from .units import WORDS

_MONEY = {"$": "$", "\\$": "$", "€": "€", "£": "£"}
_MATRICES = frozenset(("pmatrix", "bmatrix", "matrix", "smallmatrix"))
_OF_MEASURES = frozenset(("degree", "+", "-", "±", "∓", "*", "/"))
_CALLS = (
    frozenset(names.INTERVALS)
    | frozenset(names.RELATION_CALLS)
    | names.MATRICES
    | names.CASTS
    | {"Union", "FiniteSet"}
)


def read(text: str, reading: Reading, constants: Iterable[str] = ()) -> Answer:
    """Read an answer, without its box.

    Args:
        text: Any text at all.
        reading: How to take what can be meant in two ways.
        constants: Which of sympy's `E` and `I` are no variables.

    Raises:
        UnreadableError: If it is in no notation known here, or nested too deeply.
    """
    reader = _AnswerReader(tokens(text, reading), reading, frozenset(constants))
    answer = reader.whole()
    if reader.token is not END:
        raise UnreadableError
    return answer


class _AnswerReader(TermReader):
    def whole(self) -> Answer:
        """Read a list without brackets, or its only item."""
        items = self._items()
        return items[0] if len(items) == 1 else Group("", items)

    def _items(self, *closing: str) -> tuple[Answer, ...]:
        """Read items up to a closing bracket, which is left."""
        items: list[Answer] = []
        while self.token is not END and not self.sees(*closing):
            items.append(self.nested(self._item))
            if not separates(self.token):
                break
            while separates(self.token):
                self.next()
        if not items and not closing:
            raise UnreadableError
        return tuple(items)

    def _item(self) -> Answer:
        members = [self._union()]
        operators: list[str] = []
        while sign := self._sign():
            member = self._union()
            # After ≈ stands a rounded form of a number that is already there.
            if sign != "≈" or not _is_number(members[-1]):
                operators.append("=" if sign == "≈" else sign)
                members.append(member)
        return Relation(tuple(operators), tuple(members)) if operators else members[0]

    def _sign(self) -> str | None:
        if self.token.kind not in ("symbol", "command"):
            return None
        key = self._depth > 1 and self._tokens[self._at - 1].kind == "word"
        if self.token.text == ":" and key:
            self.next()
            return "="  # of a dict of solutions
        sign = names.RELATIONS.get(self.token.text)
        if sign:
            self.next()
        return sign

    def _union(self) -> Answer:
        items = [self._part()]
        while self.takes("\\cup", "U"):
            items.append(self._part())
        return Group("∪", tuple(items)) if len(items) > 1 else items[0]

    def _part(self) -> Answer:
        if self.sees("\\emptyset", "\\varnothing", "EmptySet"):
            self.next()
            return Group("{}", ())
        if self.takes("\\begin"):
            return self._matrix()
        if self.sees(*_CALLS) and self._tokens[self._at + 1].text == "(":
            name = self.token.text
            if name not in names.CASTS or self._at + 1 in self._several or self._holds_group():
                return self._called()
        if self.sees("(", "[", "{", "\\{") and self._groups():
            return self._group()
        money = _MONEY[self.next().text] if self.sees(*_MONEY) else ""
        expression = self.sum()
        measured = _without_degrees(expression)
        if measured is not None:
            return Quantity(measured, "°")
        return Quantity(expression, self._unit() or money)

    def _holds_group(self) -> bool:
        """Return whether the brackets of a call hold another group at once: `array([…])`."""
        return self._tokens[self._at + 2].text in ("[", "{", "(")

    def _groups(self) -> bool:
        """Return whether the bracket that comes next holds more than an expression."""
        opening, close = self.token.text, self._closes.get(self._at)
        if close is None:
            raise UnreadableError
        if opening == "\\{" or self._at in self._several:
            return True
        if close == self._at + 1:
            return True
        # `[5]` is a list, but `[5] x` is a product; `((1, 2))` is a pair.
        behind = self._tokens[close + 1]
        ends = (
            behind is END
            or separates(behind)
            or behind.text in (")", "]", "}", "\\}", "\\cup", "U")
        )
        inside = self._tokens[self._at + 1].text
        return ends and (opening == "[" or (inside in ("(", "[", "{", "\\{") and self._wraps()))

    def _wraps(self) -> bool:
        """Return whether a bracket holds nothing but another bracket that groups."""
        inner = self._at + 1
        wraps = self._closes.get(inner) == self._closes[self._at] - 1
        return wraps and (inner in self._several or self._tokens[inner].text == "\\{")

    def _group(self) -> Answer:
        opening = self.next().text
        closing = (")", "]") if opening in ("(", "[") else ("\\}",) if opening == "\\{" else ("}",)
        items = self._items(*closing)
        comma = separates(self._tokens[self._at - 1])
        closed = self.needs(*closing)
        if opening == "\\{":
            return Group("{}", items)
        if len(items) == 1 and opening != "[" and not comma:
            return items[0]
        return Group("{}" if opening == "{" else opening + closed, items)

    def _called(self) -> Answer:
        """Read what Python prints of sets, intervals, matrices, arrays and relations."""
        name = self.next().text
        self.needs("(")
        items = self._items(")")
        self.needs(")")
        if name in names.INTERVALS and len(items) == 2:
            return Group(names.INTERVALS[name], items)
        if name in names.RELATION_CALLS and len(items) == 2:
            return Relation((names.RELATION_CALLS[name],), items)
        if name in ("Union", "FiniteSet"):
            return Group("∪" if name == "Union" else "{}", items)
        if name == "Tuple":
            return Group("()", items)
        if len(items) != 1:
            raise UnreadableError
        return rows(items[0]) if name in names.MATRICES else items[0]

    def _matrix(self) -> Answer:
        kind = self._environment()
        if kind not in _MATRICES:
            raise UnreadableError
        listed: list[tuple[Answer, ...]] = []
        while not self.takes("\\end"):
            row = [self.nested(self._item)]
            while self.takes("&"):
                row.append(self.nested(self._item))
            listed.append(tuple(row))
            if not self.takes("\\\\") and not self.sees("\\end"):
                raise UnreadableError
        if self._environment() != kind:
            raise UnreadableError
        return Group("matrix", tuple(Group("row", row) for row in listed))

    def _environment(self) -> str:
        self.needs("{")
        name = self.next().text
        self.needs("}")
        return name

    def _unit(self) -> str:
        if self.takes("%", "\\%"):
            return "%"
        words: list[str] = []
        while self.token.kind in ("text", "word") and not separates(self.token):
            if self.token.kind == "word" and self.token.text not in WORDS:
                break
            words.append(self.next().text)
        if words and self.takes("^"):
            brace = self.takes("{")
            words[-1] += f"^{self.next().text}"
            if brace:
                self.needs("}")
        unit = " ".join(words).strip()
        return "%" if unit in ("percent", "%") else unit


def _is_number(answer: Answer) -> bool:
    return isinstance(answer, Quantity) and not letters(answer.expression)


def _without_degrees(expression: Expression) -> Expression | None:
    """Return the measure of an angle that is given in degrees, None for anything else."""
    parts = [part for part in walk(expression) if isinstance(part, Call)]
    if not any(part.name == "degree" for part in parts):
        return None
    if any(part.name not in _OF_MEASURES for part in parts):
        return None  # the sine of an angle is none
    return _replaced(expression)


def _replaced(expression: Expression) -> Expression:
    if not isinstance(expression, Call):
        return expression
    parts = tuple(_replaced(part) for part in expression.arguments)
    return parts[0] if expression.name == "degree" else Call(expression.name, parts)


def rows(answer: Answer) -> Answer:
    """Return a list of lists, or of the entries of a column, as a matrix.

    Raises:
        UnreadableError: If it is no list.
    """
    if not isinstance(answer, Group) or answer.kind not in ("[]", "()"):
        raise UnreadableError
    return Group(
        "matrix",
        tuple(
            Group("row", item.items if isinstance(item, Group) else (item,))
            for item in answer.items
        ),
    )
