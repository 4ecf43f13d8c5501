"""What a method needs of the rows that it is given."""

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from types import FunctionType, MethodType
from typing import Any

# The functions of an object in which it may use choices that it does not hold.
_USES = ("__call__", "advantages", "policy_loss", "token_loss", "filter")


def needs_turn_rows(choice: object) -> bool:
    """Return whether a choice, or one that it wraps, says `needs_turn_rows = True`.

    Such a choice compares or credits single turns. Where a row is a whole conversation it would
    still return numbers, but those of another method.

    Args:
        choice: Any object or function. What it holds is asked, too: fields and attributes,
            arguments of a `functools.partial`, and what its functions take from the file
            around them. `needs_turn_rows = False` on a wrapper answers for all that it holds.
    """
    return _ask(choice, set())


def _ask(choice: object, asked: set[int]) -> bool:
    if id(choice) in asked or not _may_be_choice(choice):
        return False
    asked.add(id(choice))
    declared = getattr(choice, "needs_turn_rows", None)
    if isinstance(declared, bool):
        return declared
    return any(_ask(part, asked) for part in _held(choice))


def _may_be_choice(part: object) -> bool:
    acts = callable(part) or any(callable(getattr(part, use, None)) for use in _USES)
    return acts and not isinstance(part, type)


def _held(choice: object) -> Iterator[Any]:
    if isinstance(choice, partial):
        yield from (choice.func, *choice.args, *choice.keywords.values())
    elif isinstance(choice, MethodType):
        yield from (choice.__self__, choice.__func__)
    elif isinstance(choice, FunctionType):
        taken = inspect.getclosurevars(choice)
        yield from taken.nonlocals.values()
        # Functions that it calls by name are most often helpers of other methods.
        yield from (v for v in taken.globals.values() if not isinstance(v, FunctionType))
    else:
        names = [field.name for field in fields(choice)] if is_dataclass(choice) else vars(choice)
        yield from (getattr(choice, name) for name in names)
        for use in _USES:
            function = getattr(type(choice), use, None)
            if isinstance(function, FunctionType):
                yield from _held(function)
