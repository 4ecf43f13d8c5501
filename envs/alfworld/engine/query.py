"""Conjunctive queries: rows of objects, extended a literal at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .condition import EQUALS, Conjunction, Literal, Variables
from .facts import Facts, Relation, Row, Rows, key, pick
from .pddl import ROOT

Step = Callable[[Rows], Rows]


@dataclass(frozen=True)
class Query:
    """Extends rows of objects to all the ways in which a conjunction is true.

    Attributes:
        variables: The variable each place of an extended row stands for.
        steps: Each narrows or extends the rows.
        reads: The relations the answer depends on.
    """

    variables: tuple[str, ...]
    steps: tuple[Step, ...]
    reads: tuple[Relation, ...]

    def __call__(self, rows: Rows) -> Rows:
        """Return the rows, extended and narrowed."""
        for step in self.steps:
            if not rows:
                return rows
            rows = step(rows)
        return rows


class QueryBuilder:
    """Builds one query: binds a variable after the other.

    Args:
        facts: The game's facts.
        variables: What the rows to start from stand for.
    """

    def __init__(self, facts: Facts, variables: Sequence[str]) -> None:
        self.facts = facts
        self.place = {variable: place for place, variable in enumerate(variables)}
        self.steps: list[Step] = []
        self.reads: list[Relation] = []

    def build(self) -> Query:
        """Return the query."""
        return Query(tuple(self.place), tuple(self.steps), tuple(self.reads))

    def unbound(self, literal: Literal) -> list[str]:
        """Return the variables of a literal that have no place yet."""
        return [arg for arg in literal.args if arg not in self.place]

    def same(self, literal: Literal) -> None:
        """Keep the rows in which two bound variables are one object, or are not."""
        left, right = (self.place[arg] for arg in literal.args)
        wanted = literal.positive
        self.steps.append(lambda rows: [r for r in rows if (r[left] == r[right]) == wanted])

    def test(self, literal: Literal, relation: Relation) -> None:
        """Keep the rows of which a literal, all bound, is true."""
        places = [self.place[arg] for arg in literal.args]
        self.reads.append(relation)
        true, args = relation.rows, pick(places)
        if literal.positive:
            self.steps.append(lambda rows: [row for row in rows if args(row) in true])
        else:
            self.steps.append(lambda rows: [row for row in rows if args(row) not in true])

    def join(
        self, literal: Literal, types: Sequence[str], relation: Relation, *, text: bool = False
    ) -> None:
        """Bind the free variables of a literal to whatever it is true of.

        Args:
            literal: A positive literal.
            types: The type of each argument.
            relation: The relation to look it up in.
            text: Whether to answer as texts are written: rows in the order of their objects'
                numbers, and different variables for different objects only.
        """
        bound = [i for i, arg in enumerate(literal.args) if arg in self.place]
        free = [i for i, arg in enumerate(literal.args) if arg not in self.place]
        look_up = relation.index(tuple(bound), len(literal.args)).get
        known = key([self.place[literal.args[i]] for i in bound])
        self.reads.append(relation)
        if text:
            self.steps.append(
                lambda rows: [r + more for r in rows for more in sorted(look_up(known(r), ()))]
            )
        else:
            self.steps.append(
                lambda rows: [r + more for r in rows for more in look_up(known(r), ())]
            )
        for i in free:
            self.place[literal.args[i]] = place = len(self.place)
            self.keep(place, types[i])
            if text:
                self.differ(place)

    def keep(self, place: int, kind: str) -> None:
        """Keep the rows whose object at a place is of a type."""
        if kind != ROOT:
            members = self.facts.objects.of(kind)
            self.steps.append(lambda rows: [row for row in rows if row[place] in members])

    def differ(self, place: int) -> None:
        """Keep the rows whose object at a place is at no place before it."""
        self.steps.append(lambda rows: [row for row in rows if row[place] not in row[:place]])

    def enumerate(self, variable: str, kind: str) -> None:
        """Bind a variable to every object of its type."""
        ones: Rows = [(number,) for number in sorted(self.facts.objects.of(kind))]
        self.place[variable] = len(self.place)
        self.steps.append(lambda rows: [row + one for row in rows for one in ones])

    def unless(self, ways: Sequence[Query]) -> None:
        """Drop the rows that can be extended in any of some ways."""

        def blocked(row: Row) -> bool:
            return any(way([row]) for way in ways)

        self.steps.append(lambda rows: [row for row in rows if not blocked(row)])
        self.reads += [relation for way in ways for relation in way.reads]


def compile_conjunction(
    facts: Facts, conjunction: Conjunction, variables: Sequence[str], free: Variables = ()
) -> Query:
    """Compile a conjunction of PDDL, its literals in the order that keeps the rows few.

    Args:
        facts: The game's facts.
        conjunction: What must be true.
        variables: Variables and constants the rows to start from stand for.
        free: Variables to bind besides those the conjunction binds itself.
    """
    builder = QueryBuilder(facts, variables)
    types = dict(free + conjunction.exists)
    pending = list(conjunction.literals)
    while pending:
        literal = min(pending, key=lambda candidate: _cost(candidate, builder))
        missing = builder.unbound(literal)
        if not missing and literal.predicate == EQUALS:
            builder.same(literal)
        elif not missing:
            builder.test(literal, facts.relations[literal.predicate])
        elif _joinable(literal, missing):
            kinds = [types.get(arg, ROOT) for arg in literal.args]
            builder.join(literal, kinds, facts.relations[literal.predicate])
        else:
            builder.enumerate(missing[0], types[missing[0]])
            continue
        pending.remove(literal)
    for variable, kind in types.items():
        if variable not in builder.place:
            builder.enumerate(variable, kind)
    for ways in conjunction.unless:
        known = tuple(builder.place)
        builder.unless([compile_conjunction(facts, way, known) for way in ways])
    return builder.build()


def _joinable(literal: Literal, missing: Sequence[str]) -> bool:
    """Return whether looking a literal up binds what it misses, each variable once."""
    once = all(literal.args.count(variable) == 1 for variable in missing)
    return literal.positive and literal.predicate != EQUALS and once


def _cost(literal: Literal, builder: QueryBuilder) -> int:
    """Rank literals: tests first, then the more that is bound; what changes is short."""
    missing = builder.unbound(literal)
    if not missing:
        return 0
    if not _joinable(literal, missing):
        return 4
    if len(missing) < len(literal.args):
        return 1
    return 2 if literal.predicate in builder.facts.domain.dynamic else 3
