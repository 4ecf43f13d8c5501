import pytest

from arlarena_bench.envs.alfworld.engine import sexpr
from arlarena_bench.envs.alfworld.engine.condition import (
    ConditionReader,
    Conjunction,
    Literal,
    typed_list,
)
from arlarena_bench.errors import ArenaError

P, NOT_P = Literal("p", ("?x",)), Literal("p", ("?x",), positive=False)
Q, NOT_Q = Literal("q", ()), Literal("q", (), positive=False)


def read(text: str) -> tuple[Conjunction, ...]:
    return ConditionReader({"p": 1, "q": 0}).read(sexpr.parse(text))


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("()", [()]),
        ("(and)", [()]),
        ("(or)", []),
        ("(and (p ?x) (q))", [(P, Q)]),
        ("(or (p ?x) (q))", [(P,), (Q,)]),
        ("(and (or (p ?x) (q)) (or (q) (p ?x)))", [(P, Q), (P, P), (Q, Q), (Q, P)]),
        ("(not (and (p ?x) (not (q))))", [(NOT_P,), (Q,)]),
        ("(imply (p ?x) (q))", [(NOT_P,), (Q,)]),
        ("(not (imply (p ?x) (q)))", [(P, NOT_Q)]),
    ],
)
def test_every_way_to_make_it_true(text: str, ways: list[tuple[Literal, ...]]) -> None:
    assert [way.literals for way in read(text)] == ways


def test_quantified_variables_get_names_of_their_own() -> None:
    (way,) = read("(and (p ?x) (exists (?x - thing) (p ?x)))")
    outer, inner = (literal.args[0] for literal in way.literals)
    assert outer == "?x"
    assert way.exists == ((inner, "thing"),)
    assert inner != outer


def test_for_all_is_unless_one_is_not() -> None:
    (way,) = read("(forall (?y) (p ?y))")
    ((blocked,),) = way.unless
    assert blocked.literals == (Literal("p", (blocked.exists[0][0],), positive=False),)
    assert way.literals == ()
    # The same of what must not exist.
    (way,) = read("(not (exists (?y) (p ?y)))")
    assert way.unless[0][0].literals[0].positive


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(pp ?x)", "unknown PDDL predicate 'pp'; did you mean 'p'"),
        ("(p ?x ?y)", "needs 1 arguments"),
        ("(and p)", "cannot read the condition p"),
        ("((p ?x))", "cannot read the condition"),
    ],
)
def test_what_is_not_a_condition(text: str, reason: str) -> None:
    with pytest.raises(ArenaError, match=reason):
        read(text)


def test_lists_of_names_and_types() -> None:
    assert typed_list(["a", "b", "-", "x", "c"]) == (("a", "x"), ("b", "x"), ("c", "object"))
    for wrong in (["a", "-"], ["a", "-", ["either", "b"]], [["a"]]):
        with pytest.raises(ArenaError, match="cannot read the list"):
            typed_list(wrong)
