"""Conditions of PDDL, brought into disjunctive normal form while they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from arlarena_bench.errors import ArenaError, unknown

from .sexpr import Tree, show

EQUALS = "="

Variables = tuple[tuple[str, str], ...]
"""Names of variables and their types, in order."""


@dataclass(frozen=True)
class Literal:
    """A predicate, or its negation, of variables (`?x`) and constants."""

    predicate: str
    args: tuple[str, ...]
    positive: bool = True


@dataclass(frozen=True)
class Conjunction:
    """One way to make a condition true.

    Attributes:
        literals: All of them hold.
        exists: Variables bound on the way, besides the free ones.
        unless: No way of any of these is open.
    """

    literals: tuple[Literal, ...] = ()
    exists: Variables = ()
    unless: tuple[tuple["Conjunction", ...], ...] = ()

    def __and__(self, other: "Conjunction") -> "Conjunction":
        return Conjunction(
            self.literals + other.literals, self.exists + other.exists, self.unless + other.unless
        )


def typed_list(tree: Sequence[Tree]) -> Variables:
    """Read `?a ?b - type ?c`; without a type it is `object`.

    Raises:
        ArenaError: If it is not a list of words.
    """
    found: list[tuple[str, str]] = []
    pending: list[str] = []
    words = iter(tree)
    for word in words:
        kind = next(words, None) if word == "-" else None
        if not isinstance(word, str) or (word == "-" and not isinstance(kind, str)):
            raise ArenaError(f"cannot read the list of names and types {show(list(tree))}")
        if isinstance(kind, str):
            found += [(name, kind) for name in pending]
            pending = []
        else:
            pending.append(word)
    return tuple(found + [(name, "object") for name in pending])


class ConditionReader:
    """Reads conditions over known predicates.

    Args:
        arity: Number of arguments of every predicate.
    """

    def __init__(self, arity: Mapping[str, int]) -> None:
        self.arity = {**arity, EQUALS: 2}
        self._renamed = 0

    def read(self, tree: Tree, *, negated: bool = False) -> tuple[Conjunction, ...]:
        """Return every way to make a condition true (or false, if `negated`).

        Raises:
            ArenaError: On an unknown predicate, or anything that is not a condition.
        """
        return self._read(tree, negated, {})

    def literal(self, tree: Tree, names: Mapping[str, str] | None = None) -> Literal:
        """Read `(predicate argument …)`.

        Raises:
            ArenaError: On an unknown predicate or a wrong number of arguments.
        """
        match tree:
            case [str(predicate), *args] if all(isinstance(arg, str) for arg in args):
                if predicate not in self.arity:
                    raise unknown("PDDL predicate", predicate, self.arity)
                if len(args) != self.arity[predicate]:
                    raise ArenaError(f"{show(tree)} needs {self.arity[predicate]} arguments")
                renamed = names or {}
                return Literal(predicate, tuple(renamed.get(str(a), str(a)) for a in args))
        raise ArenaError(f"cannot read the condition {show(tree)}")

    def _read(self, tree: Tree, negated: bool, names: Mapping[str, str]) -> tuple[Conjunction, ...]:
        match tree:
            case []:
                return (Conjunction(),)
            case ["not", part]:
                return self._read(part, not negated, names)
            case ["and" | "or" as word, *parts]:
                ways = [self._read(part, negated, names) for part in parts]
                if (word == "and") != negated:
                    return tuple(_all_of(choice) for choice in product(*ways))
                return tuple(way for alternatives in ways for way in alternatives)
            case ["imply", left, right]:
                return self._read(["or", ["not", left], right], negated, names)
            case ["exists" | "forall" as word, [*variables], body]:
                parameters, inner = self._rename(typed_list(variables), names)
                if (word == "exists") != negated:
                    ways = [self._read(body, negated, inner)]
                    return tuple(Conjunction(exists=parameters) & way for way in ways[0])
                # For all x, c is: there is no x with not c.
                against = self._read(body, not negated, inner)
                blocked = tuple(Conjunction(exists=parameters) & way for way in against)
                return (Conjunction(unless=(blocked,)),)
        literal = self.literal(tree, names)
        return (Conjunction((Literal(literal.predicate, literal.args, not negated),)),)

    def _rename(
        self, parameters: Variables, names: Mapping[str, str]
    ) -> tuple[Variables, dict[str, str]]:
        """Give quantified variables names of their own: an inner one may shadow an outer."""
        inner = dict(names)
        for name, _ in parameters:
            self._renamed += 1
            inner[name] = f"{name}@{self._renamed}"
        return tuple((inner[name], kind) for name, kind in parameters), inner


def _all_of(ways: Sequence[Conjunction]) -> Conjunction:
    whole = Conjunction()
    for way in ways:
        whole &= way
    return whole
