"""Equations and inequalities: how they are turned round, and when two equations are one."""

from .arithmetic import Calculator
from .closeness import ROUNDS, numbers_agree
from .expression import (
    INFINITY,
    Answer,
    Call,
    Expression,
    Group,
    Letter,
    Quantity,
    Relation,
    digits,
    letters,
    number,
)

_TURNED = {">": "<", "≥": "≤"}


def flipped(relation: Relation) -> Relation:
    """Return a chain with its smaller members first, and `5 = x` as `x = 5`."""
    backwards = all(operator in _TURNED for operator in relation.operators)
    if relation.operators == ("=",):
        backwards = not _named(relation.members[0]) and _named(relation.members[-1])
    if not backwards:
        return relation
    operators = tuple(_TURNED.get(operator, operator) for operator in relation.operators)
    return Relation(operators[::-1], relation.members[::-1])


def interval(relation: Relation) -> Group | None:
    """Return the numbers that an inequality such as `1 < x ≤ 2` or `x > 3` allows a letter."""
    relation = flipped(relation)
    if not {*relation.operators} <= {"<", "≤"}:
        return None
    members, operators = list(relation.members), list(relation.operators)
    if len(members) == 2:
        # The side without a bound goes on for ever.
        if _letter(members[0]):
            members.insert(0, _negative(INFINITY))
            operators.insert(0, "<")
        elif _letter(members[1]):
            members.append(Quantity(INFINITY))
            operators.append("<")
    if len(members) != 3 or not _letter(members[1]):
        return None
    ends = "([)]"
    kind = ends["<≤".index(operators[0])] + ends[2 + "<≤".index(operators[1])]
    return Group(kind, (members[0], members[2]))


def _letter(answer: Answer) -> bool:
    return isinstance(answer, Quantity) and isinstance(answer.expression, Letter)


def _negative(expression: Expression) -> Answer:
    return Quantity(Call("-", (number(0), expression)))


def assignment(relation: Relation) -> bool:
    """Return whether a relation only gives something its value: `x = 5`, `f(x) = 2 x`."""
    return {*relation.operators} == {"="} and _named(relation.members[0])


def equivalent(gold: Relation, answer: Relation) -> bool:
    """Return whether two equations are one, but for a constant factor.

    Raises:
        UnreadableError: If one of them has no value, or finding it takes too long.
    """
    mine, other = _difference(gold), _difference(answer)
    if mine is None or other is None or letters(mine) != letters(other):
        return False
    points = [(Calculator(n)(mine), Calculator(n)(other)) for n in range(ROUNDS)]
    (first, second), *rest = points
    precision = max(digits(mine), digits(other))
    return all(a and b and numbers_agree(first * b, second * a, precision) for a, b in rest)


def _difference(relation: Relation) -> Expression | None:
    if relation.operators != ("=",):
        return None
    left, right = relation.members
    if not isinstance(left, Quantity) or not isinstance(right, Quantity):
        return None
    return Call("-", (left.expression, right.expression))


def _named(answer: Answer) -> bool:
    """Return whether a member is a name: a letter, or letters side by side."""
    if not isinstance(answer, Quantity) or answer.unit:
        return False
    pending = [answer.expression]
    while pending:
        part = pending.pop()
        if isinstance(part, Call) and part.name == "*":
            pending += part.arguments
        elif not isinstance(part, Letter):
            return False
    return True
