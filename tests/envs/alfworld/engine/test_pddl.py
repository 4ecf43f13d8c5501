import pytest
from tiny_household import DOMAIN, PROBLEM

from arlarena_bench.envs.alfworld.engine.pddl import parse_domain, parse_problem
from arlarena_bench.errors import ArenaError


def test_domain() -> None:
    domain = parse_domain(DOMAIN)
    assert [action.name for action in domain.actions] == [
        "look", "go", "open", "take", "put", "switch"
    ]  # fmt: skip
    assert domain.predicates["stands"] == 2
    assert domain.dynamic == {"at", "opened", "holds", "busy", "in", "lit", "checked"}
    assert domain.type_order == ("object", "agent", "kind", "place", "receptacle")
    look, go = domain.actions[:2]
    assert (len(look.ways), len(go.effects)) == (1, 2)  # the cost is no effect
    assert [effect.unconditional for effect in domain.actions[-1].effects] == [False, False]


def test_the_same_domain_is_read_once() -> None:
    assert parse_domain(DOMAIN) is parse_domain(DOMAIN)


def test_types_are_ordered_level_by_level() -> None:
    text = "(define (domain d) (:types b a - object z - b y - a))"
    assert parse_domain(text).type_order == ("object", "a", "b", "y", "z")


def test_problem() -> None:
    problem = parse_problem(PROBLEM, parse_domain(DOMAIN))
    assert ("mug_bar_2", "object") in problem.objects
    assert ("in", "mug_bar_1", "fridge_bar_1") in problem.init
    assert not any(fact[0] == "=" for fact in problem.init)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("(define (domain", "(define (problem", r"expected \(define \(domain …\) …\)"),
        ("(:action look", "(:action", "cannot read"),
        ("(:action look", "(:derived (x) (y)) (:action look", r"tiny: cannot read \(:derived"),
        ("(checked ?a))", "(chequed ?a))", "action look: unknown PDDL predicate 'chequed'"),
        (":precondition ()", ":condition ()", "cannot read the action look"),
    ],
)  # fmt: skip
def test_bad_domains(old: str, new: str, reason: str) -> None:
    assert old in DOMAIN
    with pytest.raises(ArenaError, match=reason):
        parse_domain(DOMAIN.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("(at me p0)", "(sits me p0)", "unknown PDDL predicate 'sits'"),
        ("(at me p0)", "(at me p9)", "'p9' is not among its :objects"),
        ("(at me p0)", "(at me)", r"cannot read the fact \(at me\)"),
        ("(at me p0)", "at", "cannot read the fact at"),
        ("(:goal", "(:gaol", r"problem tiny-1: cannot read \(:gaol"),
        ("(:domain tiny)", "(:domain tiny) (:goal", "never closed"),
    ],
)
def test_bad_problems(old: str, new: str, reason: str) -> None:
    with pytest.raises(ArenaError, match=reason):
        parse_problem(PROBLEM.replace(old, new, 1), parse_domain(DOMAIN))


def test_a_problem_needs_a_goal() -> None:
    with pytest.raises(ArenaError, match="problem p has no :goal"):
        parse_problem("(define (problem p) (:domain tiny))", parse_domain(DOMAIN))
