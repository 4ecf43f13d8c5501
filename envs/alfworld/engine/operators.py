"""Actions bound to a game: which are possible now, by what command, and what they change."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from .condition import Conjunction
from .facts import Facts, Relation, Row, Rows, pick
from .pddl import Action, Effect
from .query import Query, compile_conjunction

Ground = tuple[Relation, Row]


def constants(args: Sequence[str], facts: Facts) -> tuple[tuple[str, ...], Row]:
    """Return the constants among arguments, and their numbers; -1 for what is not there."""
    names = tuple(sorted({arg for arg in args if not arg.startswith("?")}))
    return names, tuple(facts.objects.number.get(name, -1) for name in names)


class _BoundEffect:
    """An effect of an action: from a row of the action's objects to ground facts."""

    def __init__(self, effect: Effect, variables: tuple[str, ...], facts: Facts) -> None:
        self.positive = effect.literal.positive
        self.relation = facts.relations[effect.literal.predicate]
        self._ways = [
            compile_conjunction(facts, way, variables, effect.parameters)
            for way in effect.condition
        ]
        self._args = [
            pick([way.variables.index(arg) for arg in effect.literal.args]) for way in self._ways
        ]

    def ground(self, row: Row) -> Iterator[Ground]:
        for way, args in zip(self._ways, self._args, strict=True):
            for extended in way([row]):
                yield self.relation, args(extended)


class Operator:
    """One action of the domain in one game.

    Args:
        action: The action.
        facts: The game's facts.
        command: Text of the command for a row of the action's objects.
        spoken: Relations the text of the command depends on.

    Attributes:
        table: Command → objects, for everything possible when `refresh` last ran. Of two rows
            with one command the first in the order of the objects' numbers counts.
    """

    def __init__(
        self,
        action: Action,
        facts: Facts,
        command: Callable[[Row], str],
        spoken: Sequence[Relation] = (),
    ) -> None:
        self.name = action.name
        self.table: dict[str, Row] = {}
        conditions = [way for effect in action.effects for way in effect.condition]
        args = _arguments([*action.ways, *conditions])
        args += [arg for effect in action.effects for arg in effect.literal.args]
        self._start, self._fixed = constants(args, facts)
        parameters = tuple(name for name, _ in action.parameters)
        self._ways: list[tuple[Query, Callable[[Row], Row]]] = []
        for way in action.ways:
            query = compile_conjunction(facts, way, self._start, action.parameters)
            self._ways.append((query, pick([query.variables.index(name) for name in parameters])))
        variables = parameters + self._start
        self._effects = [_BoundEffect(effect, variables, facts) for effect in action.effects]
        self._needs = _common_needs(action, variables, facts)
        self._sometimes = [
            _BoundEffect(_whenever(effect, facts.domain.dynamic), variables, facts)
            for effect in action.effects
            if not effect.unconditional
        ]
        reads = {r for query, _ in self._ways for r in query.reads} | set(spoken)
        self._reads = tuple(reads)
        self._volatile = bool(spoken)
        self._stamp = -1
        self._command = command
        self._commands: dict[Row, str | None] = {}

    def refresh(self) -> bool:
        """Bring `table` up to date; return whether anything it depends on had changed."""
        stamp = 0
        for relation in self._reads:
            stamp += relation.version
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        if self._volatile:
            self._commands.clear()
        start: Rows = [self._fixed]
        rows = {args(row) for query, args in self._ways for row in query(start)}
        commands = self._commands
        named = {}
        for row in sorted(rows, reverse=True):
            if row not in commands:
                commands[row] = None if self._does_nothing(row) else self._command(row)
            if (text := commands[row]) is not None:
                named[text] = row
        self.table = named
        return True

    def apply(self, row: Row) -> None:
        """Change the facts. What is both made false and made true is true."""
        deleted, added = self._changes(row)
        for relation, args in deleted:
            if (relation, args) not in added:
                relation.discard(args)
        for relation, args in added:
            relation.add(args)

    def _changes(self, row: Row) -> tuple[list[Ground], list[Ground]]:
        deleted: list[Ground] = []
        added: list[Ground] = []
        for effect in self._effects:
            (added if effect.positive else deleted).extend(effect.ground(row + self._fixed))
        return deleted, added

    def _does_nothing(self, row: Row) -> bool:
        """Return whether the precondition alone says that nothing will change.

        Such an action does not exist for the planner below the original, which is why one
        cannot go where one already stands.
        """
        objects = row + self._fixed
        if any(True for effect in self._sometimes for _ in effect.ground(objects)):
            return False
        deleted, added = self._changes(row)
        held = {(relation, args(objects), positive) for relation, args, positive in self._needs}
        return all((*fact, True) in held for fact in added) and all(
            fact in added or (*fact, False) in held for fact in deleted
        )


class Winning:
    """The goal in one game.

    Args:
        goal: Every way to reach it.
        facts: The game's facts.
    """

    def __init__(self, goal: Sequence[Conjunction], facts: Facts) -> None:
        self._start, self._fixed = constants(_arguments(goal), facts)
        self._ways = [compile_conjunction(facts, way, self._start) for way in goal]
        still = [_without(way, facts.domain.dynamic) for way in goal]
        self._still = [compile_conjunction(facts, way, self._start) for way in still]
        self._reads = {relation for way in self._ways for relation in way.reads}
        self._stamp, self._true = -1, False

    def now(self) -> bool:
        """Return whether the goal is true."""
        stamp = sum([relation.version for relation in self._reads])
        if stamp != self._stamp:
            self._stamp = stamp
            self._true = any(way([self._fixed]) for way in self._ways)
        return self._true

    def conceivable(self) -> bool:
        """Return whether the goal could be true if all that can change were as it asks."""
        return any(way([self._fixed]) for way in self._still)


def _whenever(effect: Effect, dynamic: Collection[str]) -> Effect:
    """Return an effect as if all that can change were as its condition asks."""
    condition = tuple(_without(way, dynamic) for way in effect.condition)
    return replace(effect, condition=condition)


def _without(way: Conjunction, predicates: Collection[str]) -> Conjunction:
    kept = tuple(literal for literal in way.literals if literal.predicate not in predicates)
    return Conjunction(kept, way.exists)


def _arguments(ways: Sequence[Conjunction]) -> list[str]:
    args = []
    pending = list(ways)
    while pending:
        way = pending.pop()
        args += [arg for literal in way.literals for arg in literal.args]
        pending += [inner for ways in way.unless for inner in ways]
    return args


def _common_needs(
    action: Action, variables: Sequence[str], facts: Facts
) -> list[tuple[Relation, Callable[[Row], Row], bool]]:
    """Return the literals of the precondition that hold whichever way it is true."""
    ways = [set(way.literals) for way in action.ways]
    common = set.intersection(*ways) if ways else set()
    return [
        (facts.relations[n.predicate], pick([variables.index(a) for a in n.args]), n.positive)
        for n in sorted(common, key=repr)
        if n.predicate in facts.relations and set(n.args) <= set(variables)
    ]
