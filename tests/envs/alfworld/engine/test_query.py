import itertools
import random

import pytest
from tiny_household import DOMAIN, PROBLEM

from arlarena_bench.envs.alfworld.engine import sexpr
from arlarena_bench.envs.alfworld.engine.condition import ConditionReader, Literal
from arlarena_bench.envs.alfworld.engine.facts import Facts
from arlarena_bench.envs.alfworld.engine.pddl import parse_domain, parse_problem
from arlarena_bench.envs.alfworld.engine.query import QueryBuilder, compile_conjunction
from arlarena_bench.envs.alfworld.engine.sexpr import Tree

VARIABLES = (("?o", "object"), ("?r", "receptacle"))


def facts() -> Facts:
    domain = parse_domain(DOMAIN)
    return Facts(parse_problem(PROBLEM, domain), domain)


def holds(tree: Tree, binding: dict[str, str], state: Facts) -> bool:
    """Evaluate a condition by the book: try every object for every variable."""
    match tree:
        case ["and", *parts]:
            return all(holds(part, binding, state) for part in parts)
        case ["or", *parts]:
            return any(holds(part, binding, state) for part in parts)
        case ["not", part]:
            return not holds(part, binding, state)
        case ["imply", left, right]:
            return not holds(left, binding, state) or holds(right, binding, state)
        case ["exists" | "forall" as word, [name, "-", str(kind)], body]:
            members = [state.objects.ids[number] for number in state.objects.of(kind)]
            results = [holds(body, {**binding, str(name): m}, state) for m in members]
            return any(results) if word == "exists" else all(results)
        case ["=", left, right]:
            return binding.get(str(left), left) == binding.get(str(right), right)
        case [str(predicate), *args]:
            return (predicate, *(binding.get(str(a), str(a)) for a in args)) in state.ground()
    raise AssertionError(tree)


CONDITIONS = [
    "(in ?o ?r)",
    "(and (in ?o ?r) (openable ?r))",
    "(and (not (in ?o ?r)) (is ?o mug))",
    "(or (in ?o ?r) (opened ?r))",
    "(and (is ?o mug) (not (= ?o mug_bar_1)) (stands ?r p2))",
    "(exists (?p - place) (and (stands ?r ?p) (in ?o ?r)))",
    "(and (in ?o ?r) (exists (?o - object) (and (in ?o ?r) (is ?o lamp))))",
    "(forall (?x - object) (imply (is ?x mug) (not (in ?x ?r))))",
    "(not (exists (?p - place) (or (at me ?p) (stands ?r ?p))))",
    "(forall (?x - receptacle) (exists (?y - object) (or (in ?y ?x) (and (is ?o mug) (lit ?o)))))",
    "(imply (opened ?r) (in ?o ?r))",
    "(and (= ?o mug_bar_2) (in mug_bar_1 ?r))",
    "(is ?o nothing)",
    "(not (is ?o nothing))",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_answers_are_those_of_trying_every_object(text: str) -> None:
    state, rng = facts(), random.Random(text)
    tree = sexpr.parse(text)
    reader = ConditionReader(state.domain.predicates)
    constants = ("mug_bar_1", "mug_bar_2", "mug", "lamp", "me", "p2", "nothing")
    row = tuple(state.objects.number.get(name, -1) for name in constants)
    queries = [compile_conjunction(state, w, constants, VARIABLES) for w in reader.read(tree)]
    objects, receptacles = (sorted(state.objects.of(kind)) for _, kind in VARIABLES)
    for _ in range(20):
        found = set()
        for query in queries:
            places = [query.variables.index(name) for name, _ in VARIABLES]
            found |= {tuple(extended[p] for p in places) for extended in query([row])}
        expected = {
            (o, r)
            for o, r in itertools.product(objects, receptacles)
            if holds(tree, {"?o": state.objects.ids[o], "?r": state.objects.ids[r]}, state)
        }
        assert found == expected
        for _ in range(3):
            relation = state.relations[rng.choice(["in", "opened", "lit"])]
            where = (rng.choice(receptacles),)
            what = rng.choice(objects)
            changed = {"in": (what, *where), "opened": where, "lit": (what,)}
            name = next(n for n, r in state.relations.items() if r is relation)
            rng.choice([relation.add, relation.discard])(changed[name])


def test_texts_list_objects_in_order_and_each_once() -> None:
    state = facts()
    builder = QueryBuilder(state, ["place"])
    relation = state.relations["stands"]
    for name in ("first", "second"):
        builder.join(
            Literal("stands", (name, "place")), ["receptacle", "place"], relation, text=True
        )
    rows = builder.build()([(state.objects.number["p2"],)])
    names = [tuple(state.objects.ids[number] for number in row[1:]) for row in rows]
    assert names == [("table_bar_1", "table_bar_2"), ("table_bar_2", "table_bar_1")]


def test_a_type_narrows_what_a_variable_stands_for() -> None:
    state = facts()
    state.relations["checked"].add((state.objects.number["me"],))
    state.relations["checked"].add((state.objects.number["p1"],))
    (way,) = ConditionReader(state.domain.predicates).read(["checked", "?x"])
    rows = compile_conjunction(state, way, (), (("?x", "place"),))([()])
    assert rows == [(state.objects.number["p1"],)]
