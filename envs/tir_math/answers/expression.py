"""What an answer is once it is read: expressions, groups of them, relations between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction


class UnreadableError(Exception):
    """An answer in a notation that is not ours to judge, or too large to calculate."""


@dataclass(frozen=True)
class Number:
    """A rational number.

    Attributes:
        value: Exactly what is written.
        digits: Significant digits, if it is written as a decimal; 0 for exact numbers.
    """

    value: Fraction
    digits: int = 0


@dataclass(frozen=True)
class Letter:
    """A variable, or infinity."""

    name: str


@dataclass(frozen=True)
class Call:
    """An operation, a function or a constant, applied to its arguments."""

    name: str
    arguments: tuple["Expression", ...] = ()


Expression = Number | Letter | Call


@dataclass(frozen=True)
class Quantity:
    """An expression with what follows it: the name of a unit, `"%"`, or `""`."""

    expression: Expression
    unit: str = ""


@dataclass(frozen=True)
class Group:
    """Several answers in one.

    Attributes:
        kind: The brackets: `()`, `[]`, `(]`, `[)`, `{}`; `""` for a bare list, `"∪"` for a union
            and `"matrix"` for one of rows.
        items: In the order in which they are written.
    """

    kind: str
    items: tuple["Answer", ...]


@dataclass(frozen=True)
class Relation:
    """A chain such as `1 < x ≤ 2`: one operator fewer than members."""

    operators: tuple[str, ...]
    members: tuple["Answer", ...]


Answer = Quantity | Group | Relation

INFINITY = Letter("∞")


def number(value: int | Fraction) -> Number:
    """Return an exact number."""
    return Number(Fraction(value))


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all its parts."""
    pending = [expression]
    while pending:
        part = pending.pop()
        yield part
        if isinstance(part, Call):
            pending += part.arguments


def letters(expression: Expression) -> frozenset[str]:
    """Return the variables in an expression."""
    return frozenset(part.name for part in walk(expression) if isinstance(part, Letter))


def digits(expression: Expression) -> int:
    """Return the significant digits of the longest decimal in an expression, 0 without one."""
    return max(part.digits if isinstance(part, Number) else 0 for part in walk(expression))
