"""PDDL domains and problems, as far as ALFWorld's use the language (PDDL 2.2, ADL)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from arlarena_bench.errors import ArenaError, unknown

from . import sexpr
from .condition import ConditionReader, Conjunction, Literal, Variables, typed_list
from .sexpr import Tree, show

ROOT = "object"


@dataclass(frozen=True)
class Effect:
    """A literal made true, for all `parameters`, where `condition` holds in the state before."""

    literal: Literal
    parameters: Variables = ()
    condition: tuple[Conjunction, ...] = (Conjunction(),)

    @property
    def unconditional(self) -> bool:
        """Whether it happens once, always."""
        return not self.parameters and self.condition == (Conjunction(),)


@dataclass(frozen=True)
class Action:
    """An action with variables.

    Attributes:
        ways: Every way to make the precondition true.
        effects: What it changes; costs are left out.
    """

    name: str
    parameters: Variables
    ways: tuple[Conjunction, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Domain:
    """What problems share.

    Attributes:
        parents: Type → the type above it.
        predicates: Predicate → number of arguments.
        constants: Objects every problem has, with types.
    """

    parents: dict[str, str]
    predicates: dict[str, int]
    constants: Variables
    actions: tuple[Action, ...]

    @cached_property
    def dynamic(self) -> frozenset[str]:
        """Predicates that some action changes."""
        return frozenset(e.literal.predicate for a in self.actions for e in a.effects)

    @cached_property
    def type_order(self) -> tuple[str, ...]:
        """Types from the root down, level by level, each level by name under its parents."""
        order = [ROOT]
        for above in order:
            order += sorted(t for t, p in self.parents.items() if p == above and t not in order)
        return tuple(order)


@dataclass(frozen=True)
class Problem:
    """One household: objects with their types, what is true at first, and the goal."""

    objects: Variables
    init: tuple[tuple[str, ...], ...]
    goal: Tree


@lru_cache(maxsize=32)
def parse_domain(text: str) -> Domain:
    """Read a domain; the same text is read once.

    Raises:
        ArenaError: If it is not a domain, or uses what ALFWorld's does not.
    """
    name, sections = _define("domain", text)
    parts: dict[str, list[Tree]] = {}
    actions = []
    for section in sections:
        match section:
            case [":action", str(action), *fields]:
                actions.append((action, fields))
            case [":requirements" | ":types" | ":predicates" | ":constants" | ":functions" as key,
                  *content]:  # fmt: skip
                parts[key] = content
            case _:
                raise ArenaError(f"domain {name}: cannot read {show(section)}")
    predicates: dict[str, int] = {}
    for predicate in parts.get(":predicates", []):
        match predicate:
            case [str(head), *parameters]:
                predicates[head] = len(typed_list(parameters))
            case _:
                raise ArenaError(f"domain {name}: cannot read the predicate {show(predicate)}")
    parents = dict(typed_list(parts.get(":types", [])))
    parents.pop(ROOT, None)
    constants = typed_list(parts.get(":constants", []))
    return Domain(parents, predicates, constants, tuple(_action(*a, predicates) for a in actions))


def parse_problem(text: str, domain: Domain) -> Problem:
    """Read a problem of `domain`.

    Raises:
        ArenaError: If it is not a problem, or names a predicate or an object that is not there.
    """
    name, sections = _define("problem", text)
    objects = domain.constants
    init: list[Tree] = []
    goal: Tree | None = None
    for section in sections:
        match section:
            case [":objects", *content]:
                objects = objects + typed_list(content)
            case [":init", *init]:
                pass
            case [":goal", condition]:
                goal = condition
            case [":domain" | ":requirements" | ":metric", *_]:
                pass
            case _:
                raise ArenaError(f"problem {name}: cannot read {show(section)}")
    if goal is None:
        raise ArenaError(f"problem {name} has no :goal")
    known = {item for item, _ in objects}
    facts = []
    for fact in init:
        match fact:
            case ["=", *_] | ["not", *_]:  # distances and costs; what is not listed is false
                continue
            case [str(predicate), *args] if len(args) == domain.predicates.get(predicate):
                facts.append((predicate, *map(str, args)))
            case [str(predicate), *_] if predicate not in domain.predicates:
                raise unknown("PDDL predicate", predicate, domain.predicates)
            case _:
                raise ArenaError(f"problem {name}: cannot read the fact {show(fact)}")
    if missing := {arg for fact in facts for arg in fact[1:]} - known:
        raise ArenaError(f"problem {name}: {min(missing)!r} is not among its :objects")
    return Problem(objects, tuple(facts), goal)


def _define(kind: str, text: str) -> tuple[str, Sequence[Tree]]:
    match sexpr.parse(text):
        case ["define", [str(word), str(name)], *sections] if word == kind:
            return name, sections
    raise ArenaError(f"expected (define ({kind} …) …)")


def _action(name: str, fields: Sequence[Tree], predicates: dict[str, int]) -> Action:
    reader = ConditionReader(predicates)
    given = {str(key): value for key, value in zip(fields[::2], fields[1::2], strict=False)}
    parameters = given.pop(":parameters", [])
    precondition, effect = given.pop(":precondition", []), given.pop(":effect", [])
    if given or len(fields) % 2 or isinstance(parameters, str):
        raise ArenaError(f"cannot read the action {name}")
    try:
        effects = tuple(_effects(effect, reader, (), []))
        return Action(name, typed_list(parameters), reader.read(precondition), effects)
    except ArenaError as error:
        raise ArenaError(f"action {name}: {error}") from error


def _effects(
    tree: Tree, reader: ConditionReader, parameters: Variables, condition: Tree
) -> list[Effect]:
    match tree:
        case [] | ["increase", *_]:
            return []
        case ["and", *parts]:
            return [e for part in parts for e in _effects(part, reader, parameters, condition)]
        case ["forall", [*variables], body]:
            return _effects(body, reader, parameters + typed_list(variables), condition)
        case ["when", when, body]:
            return _effects(body, reader, parameters, ["and", condition, when])
        case ["not", atom]:
            literal = reader.literal(atom)
            literal = Literal(literal.predicate, literal.args, positive=False)
        case _:
            literal = reader.literal(tree)
    return [Effect(literal, parameters, reader.read(condition))]
