"""What is true in a game: indexed relations over numbered objects."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

from .pddl import Domain, Problem

Row = tuple[int, ...]
Rows = list[Row]
Index = dict[Any, set[Row]]
Snapshot = tuple[frozenset[Row], ...]
"""The rows of every relation that can change."""


def key(places: Sequence[int]) -> Callable[[Row], Any]:
    """Return what picks `places` out of a row to look them up: one bare, several as a tuple."""
    return itemgetter(*places) if places else lambda row: ()


def pick(places: Sequence[int]) -> Callable[[Row], Row]:
    """Return what picks `places` out of a row, as a row."""
    if len(places) > 1:
        return itemgetter(*places)
    if not places:
        return lambda row: ()
    (place,) = places
    return lambda row: (row[place],)


class Objects:
    """The objects of a problem, numbered in the order in which lists name them.

    Attributes:
        ids: Number → id in PDDL.
        number: Id → number.
        types: Number → the object's own type.
    """

    def __init__(self, problem: Problem, domain: Domain) -> None:
        types = dict(problem.objects)
        order = {kind: rank for rank, kind in enumerate(domain.type_order)}
        last = len(order)
        self.ids = sorted(types, key=lambda item: (order.get(types[item], last), item))
        self.number = {item: number for number, item in enumerate(self.ids)}
        self.types = [types[item] for item in self.ids]
        self._parents = domain.parents
        self._kinds: dict[str, frozenset[int]] = {}

    def of(self, kind: str) -> frozenset[int]:
        """Return the objects of a type or of one below it; of a type that is not there, none."""
        if kind not in self._kinds:
            self._kinds[kind] = frozenset(
                number for number, own in enumerate(self.types) if self._is(own, kind)
            )
        return self._kinds[kind]

    def _is(self, own: str, kind: str) -> bool:
        seen = set()
        while own != kind and own in self._parents and own not in seen:
            seen.add(own)
            own = self._parents[own]
        return own == kind


class Relation:
    """The rows of objects a predicate holds of.

    Attributes:
        rows: Those rows.
        version: Grows with every change.
        denial: The relation `not_…` of the same name, where texts ask for it: the rows that an
            action made false. Rows that were never true are in neither.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows = set(rows)
        self.version = 0
        self.denial: Relation | None = None
        self._first = frozenset(self.rows)
        self._indexes: dict[tuple[int, ...], tuple[Callable[[Row], Any], Any, Index]] = {}

    def index(self, places: tuple[int, ...], arity: int) -> Index:
        """Return a table, kept up to date: `key(places)` of a row → the rest of such rows."""
        if places not in self._indexes:
            rest = pick([place for place in range(arity) if place not in places])
            self._indexes[places] = key(places), rest, {}
            for row in self.rows:
                self._enter(places, row)
        return self._indexes[places][2]

    def add(self, row: Row) -> None:
        """Make a row true."""
        if self.denial is not None:
            self.denial.discard(row)
        if row not in self.rows:
            self.rows.add(row)
            self.version += 1
            for places in self._indexes:
                self._enter(places, row)

    def discard(self, row: Row) -> None:
        """Make a row false."""
        if self.denial is not None:
            self.denial.add(row)
        if row in self.rows:
            self.rows.remove(row)
            self.version += 1
            for head, rest, index in self._indexes.values():
                index[head(row)].remove(rest(row))

    def reset(self) -> None:
        """Go back to the rows it began with."""
        self.hold(self._first)

    def hold(self, rows: frozenset[Row]) -> None:
        """Make exactly these rows true."""
        for row in self.rows - rows:
            self.discard(row)
        for row in rows - self.rows:
            self.add(row)

    def _enter(self, places: tuple[int, ...], row: Row) -> None:
        head, rest, index = self._indexes[places]
        index.setdefault(head(row), set()).add(rest(row))


class Facts:
    """All relations of a game.

    Args:
        problem: The household; facts it lists are true at first.
        domain: Its domain.
    """

    def __init__(self, problem: Problem, domain: Domain) -> None:
        self.domain = domain
        self.objects = Objects(problem, domain)
        number = self.objects.number
        rows: dict[str, list[Row]] = {predicate: [] for predicate in domain.predicates}
        for predicate, *args in problem.init:
            rows[predicate].append(tuple([number[arg] for arg in args]))
        self.relations = {predicate: Relation(true) for predicate, true in rows.items()}
        self._changing = [self.relations[name] for name in sorted(domain.dynamic)]

    def denial(self, predicate: str) -> Relation:
        """Return the relation of rows that an action made false."""
        relation = self.relations[predicate]
        if relation.denial is None:
            relation.denial = Relation()
            self._changing.append(relation.denial)
        return relation.denial

    def reset(self) -> None:
        """Go back to the beginning."""
        for relation in self._changing:
            relation.reset()

    def snapshot(self) -> Snapshot:
        """Return what is true now of all that can change."""
        return tuple([frozenset(relation.rows) for relation in self._changing])

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to when a snapshot of these facts was taken."""
        # Denials come last, and so undo what the relations before them say of denials.
        for relation, rows in zip(self._changing, snapshot, strict=True):
            relation.hold(rows)

    def mentioned(self) -> list[str]:
        """Return the ids of all objects some fact is about."""
        numbers = {n for relation in self.relations.values() for row in relation.rows for n in row}
        return [self.objects.ids[number] for number in sorted(numbers)]

    def ground(self) -> frozenset[tuple[str, ...]]:
        """Return every true fact as `(predicate, id, …)`."""
        return self._constant | self._spelled(self.domain.dynamic)

    @cached_property
    def _constant(self) -> frozenset[tuple[str, ...]]:
        return self._spelled(self.domain.predicates.keys() - self.domain.dynamic)

    def _spelled(self, predicates: Iterable[str]) -> frozenset[tuple[str, ...]]:
        ids = self.objects.ids
        return frozenset(
            (predicate, *(ids[number] for number in row))
            for predicate in predicates
            for row in self.relations[predicate].rows
        )
