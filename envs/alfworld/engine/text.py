"""What the game says: rules of the grammar, compiled to functions of a row of objects."""

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from arlarena_bench.errors import ArenaError, unknown

from .condition import Literal
from .facts import Facts, Relation, Row
from .grammar import Grammar, Symbol, parse_condition, parse_text
from .query import Query, QueryBuilder

Render = Callable[[Row], str]
Scope = tuple[tuple[str, str], ...]
"""Placeholders bound so far, as names and types; a row holds their objects."""

_DENIED = "not_"


class Texts:
    """The texts of one game.

    Args:
        grammar: Its grammar.
        facts: Its facts; texts change with them.
        names: Id → name, for all objects that can be spoken of.
    """

    def __init__(self, grammar: Grammar, facts: Facts, names: dict[str, str]) -> None:
        self.grammar = grammar
        self.facts = facts
        ids = facts.objects.ids
        self._words = {
            "name": [names.get(item, item) for item in ids],
            "id": ids,
            "type": facts.objects.types,
            "definite": ["the"] * len(ids),
            "indefinite": ["a"] * len(ids),
        }
        self._rules: dict[tuple[str, Scope], tuple[Render, list[Relation]]] = {}
        self._building: set[tuple[str, Scope]] = set()

    def render(self, text: str, scope: Scope) -> tuple[Render, tuple[Relation, ...]]:
        """Compile a text; also return the changing relations its wording depends on."""
        reads: list[Relation] = []
        changing = [self.facts.relations[p] for p in self.facts.domain.dynamic]
        parts = [self._symbol(symbol, scope, reads) for symbol in parse_text(text)]
        return _joined(parts), tuple(r for r in reads if r in changing)

    def _rule(self, name: str, scope: Scope, reads: list[Relation]) -> Render:
        if (name, scope) not in self._rules:
            self._rules[name, scope] = self._build(name, scope)
        compiled, needed = self._rules[name, scope]
        reads += needed
        return compiled

    def _build(self, name: str, scope: Scope) -> tuple[Render, list[Relation]]:
        if name not in self.grammar.rules:
            raise unknown("rule of the grammar", name, self.grammar.rules)
        if (name, scope) in self._building:
            raise ArenaError(f"grammar: the rule {name!r} uses itself")
        self._building.add((name, scope))
        reads: list[Relation] = []
        cases: list[tuple[Query, Render]] = []
        for alternative in self.grammar.rules[name]:
            query = self._query(alternative.condition, scope, reads)
            say = _joined([self._symbol(s, scope, reads) for s in parse_text(alternative.text)])
            if query is None:
                otherwise = say
                break
            cases.append((query, say))
        else:
            raise ArenaError(f"grammar: the rule {name!r} has no alternative without condition")

        def render(row: Row) -> str:
            for applies, say in cases:
                if applies([row]):
                    return say(row)
            return otherwise(row)

        self._building.discard((name, scope))
        return render, reads

    def _symbol(self, symbol: Symbol, scope: Scope, reads: list[Relation]) -> Render:
        if symbol.kind == "text":
            return lambda row: symbol.text
        query = self._query(symbol.given or "", scope, reads)
        inner = scope if query is None else _scope(query)
        if symbol.kind == "rule":
            one = self._rule(symbol.text, inner, reads)
        else:
            one = self._expression(symbol.text, inner)
        if query is None:
            return one
        if not symbol.listed:
            return lambda row: "".join([one(extended) for extended in query([row])])
        empty, comma, last = (
            self._rule(rule, scope, reads)
            for rule in ("list_empty", "list_separator", "list_last_separator")
        )

        def listed(row: Row) -> str:
            items = [one(extended) for extended in query([row])]
            if len(items) > 1:
                return comma(row).join(items[:-1]) + last(row) + items[-1]
            return items[0] if items else empty(row)

        return listed

    def _query(self, condition: str, scope: Scope, reads: list[Relation]) -> Query | None:
        """Compile a condition; literals are looked up in order, objects in that of their names."""
        if not condition:
            return None
        builder = QueryBuilder(self.facts, [f"{name}:{kind}" for name, kind in scope])
        for predicate, args in parse_condition(condition):
            literal = Literal(predicate, tuple(f"{name}:{kind}" for name, kind in args))
            relation = self._relation(predicate, len(args))
            if free := builder.unbound(literal):
                if len(set(free)) < len(free):
                    raise ArenaError(f"grammar: {condition!r} repeats a name within a predicate")
                builder.join(literal, [kind for _, kind in args], relation, text=True)
            else:
                builder.test(literal, relation)
        reads += builder.reads
        return builder.build()

    def _relation(self, predicate: str, arity: int) -> Relation:
        domain = self.facts.domain
        asserted = predicate.removeprefix(_DENIED)
        if domain.predicates.get(asserted) != arity:
            raise unknown(f"PDDL predicate of {arity} arguments", asserted, domain.predicates)
        relation = self.facts.relations[asserted]
        if arity > 1 and len(set(self._kinds(relation))) > 1:
            raise ArenaError(f"grammar: {asserted!r} holds of objects of several types")
        effects = [
            (action, effect)
            for action in domain.actions
            for effect in action.effects
            if effect.literal.predicate == asserted
        ]
        if not all(effect.unconditional for _, effect in effects):
            raise ArenaError(
                f"grammar: texts cannot depend on {asserted!r}, which changes conditionally"
            )
        if predicate == asserted:
            return relation
        for action, effect in effects:
            undone = Literal(asserted, effect.literal.args)
            if not effect.literal.positive and not all(
                undone in way.literals for way in action.ways
            ):
                raise ArenaError(
                    f"grammar: texts cannot depend on {predicate!r}, as {action.name} may make "
                    "false what was not true"
                )
        return self.facts.denial(asserted)

    def _kinds(self, relation: Relation) -> Iterator[tuple[str, ...]]:
        types = self.facts.objects.types
        return (tuple([types[number] for number in row]) for row in relation.rows)

    def _expression(self, text: str, scope: Scope) -> Render:
        """Compile `o.indefinite + ' ' + o.name` and the like."""
        places = {name: place for place, (name, _) in enumerate(scope)}

        def compiled(node: ast.expr) -> Render:
            match node:
                case ast.Constant(value=str(value)):
                    return lambda row: value
                case ast.Name(id=name) if name in places:
                    return self._word(places[name], "name")
                case ast.Attribute(value=ast.Name(id=name), attr=word) if (
                    name in places and word in self._words
                ):
                    return self._word(places[name], word)
                case ast.BinOp(left=left, op=ast.Add(), right=right):
                    first, second = compiled(left), compiled(right)
                    return lambda row: first(row) + second(row)
                case ast.BoolOp(op=ast.Or(), values=[left, right]):
                    first, second = compiled(left), compiled(right)
                    return lambda row: first(row) or second(row)
            known = ", ".join(places) or "nothing"
            raise ArenaError(f"grammar: cannot compute {{{text}}} from {known}")

        return compiled(_parse_expression(text))

    def _word(self, place: int, word: str) -> Render:
        words = self._words[word]
        return lambda row: words[row[place]]


@lru_cache(maxsize=4096)
def _parse_expression(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ArenaError(f"grammar: cannot read {{{text}}}") from error


def _scope(query: Query) -> Scope:
    pairs = (variable.partition(":") for variable in query.variables)
    return tuple((name, kind) for name, _, kind in pairs)


def _joined(parts: Sequence[Render]) -> Render:
    if len(parts) == 1:
        return parts[0]
    return lambda row: "".join([part(row) for part in parts])
