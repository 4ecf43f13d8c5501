"""Whether two answers that were read agree: yes, no, or not for us to say."""

from collections.abc import Sequence

from .closeness import quantities_agree
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
from .reader import rows
from .relations import assignment, equivalent, flipped, interval

_MOST_ITEMS = 64


def agree(gold: Answer, answer: Answer) -> bool | None:
    """Return whether an answer is the right one; None if that is for another to say.

    Raises:
        UnreadableError: If one of them has no value, or finding it takes too long.
    """
    gold, answer = _split(gold), _split(answer)
    if isinstance(gold, Relation) or isinstance(answer, Relation):
        return _related(gold, answer)
    if isinstance(gold, Quantity) and isinstance(answer, Quantity):
        return quantities_agree(gold, answer)
    return _grouped(_as_group(gold), _as_group(answer))


def _split(answer: Answer) -> Answer:
    """Write out the two values of `±`."""
    if isinstance(answer, Quantity):
        values = _values(answer.expression)
        if len(values) > 1:
            return Group("", tuple(Quantity(value, answer.unit) for value in values))
    if isinstance(answer, Group):
        items: list[Answer] = []
        for item in answer.items:
            both = _split(item)
            if both == item or not isinstance(both, Group):
                items.append(both)
            elif answer.kind in ("", "{}") and both.kind == "":
                items += both.items
            else:
                raise UnreadableError  # a pair of ± is two pairs, or four
        return Group(answer.kind, tuple(items))
    if isinstance(answer, Relation) and answer.operators == ("=",):
        last = _split(answer.members[-1])
        if isinstance(last, Group) and last.kind == "" and last is not answer.members[-1]:
            first = answer.members[0]
            return Group("", tuple(Relation(("=",), (first, item)) for item in last.items))
    return answer


def _values(expression: Expression) -> tuple[Expression, ...]:
    if any(isinstance(part, Call) and part.name in ("±", "∓") for part in walk(expression)):
        return _signed(expression, "+"), _signed(expression, "-")
    return (expression,)


def _signed(expression: Expression, plus: str) -> Expression:
    if not isinstance(expression, Call):
        return expression
    minus = "-" if plus == "+" else "+"
    name = {"±": plus, "∓": minus}.get(expression.name, expression.name)
    return Call(name, tuple(_signed(part, plus) for part in expression.arguments))


# Groups


def _as_group(answer: Answer) -> Group:
    return answer if isinstance(answer, Group) else Group("one", (answer,))


def _grouped(gold: Group, answer: Group) -> bool | None:
    kinds = (gold.kind, answer.kind)
    if "one" in kinds:
        group = answer if gold.kind == "one" else gold
        if len(group.items) == 1 and group.kind in ("", "[]", "{}", "∪"):
            return agree(gold.items[0], answer.items[0])
        return _never(gold, answer)
    if "matrix" in kinds:
        return _matrices(gold, answer)
    if gold.kind == answer.kind and gold.kind not in ("", "{}", "∪"):
        return _in_order(gold, answer)
    if "{}" in kinds and {*kinds} <= {"{}", "", "[]"}:
        return _in_any_order(_distinct(gold), _distinct(answer))
    if {*kinds} <= {"", "[]"} or kinds == ("∪", "∪"):
        verdict = _in_any_order(gold.items, answer.items)
        return verdict if verdict or "∪" not in kinds else None
    if {*kinds} <= {"", "()"}:
        return _in_order(gold, answer)
    if {*kinds} == {"()", "[]"} and len(gold.items) == len(answer.items) != 2:
        return _in_order(gold, answer)
    return None if "∪" in kinds else _never(gold, answer)


def _never(gold: Group, answer: Group) -> bool | None:
    """Say no to another kind of thing, unless a letter might stand for it."""
    plain = all(
        not isinstance(item, Quantity) or not letters(item.expression)
        for group in (gold, answer)
        if group.kind == "one"
        for item in group.items
    )
    return False if plain else None


def _matrices(gold: Group, answer: Group) -> bool | None:
    mine, other = _entries(gold), _entries(answer)
    if mine and other and gold.kind != answer.kind:
        return _in_order(mine, other)
    try:
        gold, answer = (
            group if group.kind == "matrix" else _as_group(rows(group)) for group in (gold, answer)
        )
    except UnreadableError:
        return None
    return _in_order(gold, answer)


def _entries(group: Group) -> Group | None:
    """Return the entries of a vector: of a row, a column, or a list without lists in it."""
    if group.kind != "matrix":
        nested = any(isinstance(item, Group) for item in group.items)
        return None if nested or group.kind not in ("()", "[]", "") else Group("()", group.items)
    listed = [_as_group(row).items for row in group.items]
    if len(listed) == 1 or all(len(row) == 1 for row in listed):
        return Group("()", tuple(entry for row in listed for entry in row))
    return None


def _in_order(gold: Group, answer: Group) -> bool | None:
    if len(gold.items) != len(answer.items):
        return False
    verdicts = [agree(a, b) for a, b in zip(gold.items, answer.items, strict=True)]
    return False if False in verdicts else None if None in verdicts else True


def _in_any_order(gold: Sequence[Answer], answer: Sequence[Answer]) -> bool | None:
    if max(len(gold), len(answer)) > _MOST_ITEMS:
        return None
    left = list(answer)
    unsure = False
    for item in gold:
        verdicts = [agree(item, other) for other in left]
        unsure |= None in verdicts
        if True in verdicts:
            del left[verdicts.index(True)]
        elif None not in verdicts:
            return False
    if len(gold) != len(answer):
        return None if unsure else False
    return None if left else True


def _distinct(group: Group) -> list[Answer]:
    kept: list[Answer] = []
    if len(group.items) > _MOST_ITEMS:
        return list(group.items)
    for item in group.items:
        if not any(agree(other, item) for other in kept):
            kept.append(item)
    return kept


# Relations


def _related(gold: Answer, answer: Answer) -> bool | None:
    if isinstance(answer, Relation) and _false(answer):
        return False
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        return _relations(flipped(gold), flipped(answer))
    if isinstance(answer, Relation) and {*answer.operators} == {"="}:
        return agree(gold, answer.members[-1])  # `x = 5` answers with 5
    if isinstance(gold, Relation) and assignment(gold):
        return agree(gold.members[-1], answer)
    relation, other = (gold, answer) if isinstance(gold, Relation) else (answer, gold)
    allowed = interval(relation) if isinstance(relation, Relation) else None
    if allowed and isinstance(other, Group):
        return agree(allowed, other)
    return None


def _false(relation: Relation) -> bool:
    """Return whether numbers that are not equal are said to be."""
    stated = [m for m in relation.members if isinstance(m, Quantity) and not letters(m.expression)]
    equal = {*relation.operators} == {"="}
    return equal and any(agree(stated[0], other) is False for other in stated[1:])


def _relations(gold: Relation, answer: Relation) -> bool | None:
    if gold.operators == answer.operators:
        pairs = zip(gold.members, answer.members, strict=True)
        if all(agree(mine, other) for mine, other in pairs):
            return True
    if equivalent(gold, answer):
        return True
    if assignment(gold) and assignment(answer):
        if agree(gold.members[0], answer.members[0]):
            return agree(gold.members[-1], answer.members[-1])
        return False
    return None
