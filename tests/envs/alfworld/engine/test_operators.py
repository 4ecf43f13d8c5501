from tiny_household import DOMAIN, PROBLEM

from arlarena_bench.envs.alfworld.engine.condition import ConditionReader
from arlarena_bench.envs.alfworld.engine.facts import Facts, Row
from arlarena_bench.envs.alfworld.engine.operators import Operator, Winning
from arlarena_bench.envs.alfworld.engine.pddl import parse_domain, parse_problem


class Tiny:
    """Operators whose commands are their objects' ids."""

    def __init__(self, domain: str = DOMAIN, problem: str = PROBLEM) -> None:
        rules = parse_domain(domain)
        household = parse_problem(problem, rules)
        self.facts = Facts(household, rules)
        self.operators = {a.name: Operator(a, self.facts, self.spell) for a in rules.actions}
        self.winning = Winning(ConditionReader(rules.predicates).read(household.goal), self.facts)

    def spell(self, row: Row) -> str:
        return " ".join(self.facts.objects.ids[number] for number in row)

    def possible(self, action: str) -> list[str]:
        self.operators[action].refresh()
        return sorted(self.operators[action].table)

    def do(self, action: str, objects: str) -> None:
        assert objects in self.possible(action)
        self.operators[action].apply(self.operators[action].table[objects])


def test_only_what_changes_something_is_possible() -> None:
    tiny = Tiny()
    assert len(tiny.possible("go")) == 3
    tiny.do("go", "me p0 p2 table_bar_1")
    # Both tables are where one already is.
    assert tiny.possible("go") == ["me p2 p1 fridge_bar_1"]


def test_preconditions_and_effects() -> None:
    tiny = Tiny()
    tiny.do("go", "me p0 p1 fridge_bar_1")
    assert tiny.possible("take") == []
    tiny.do("open", "me fridge_bar_1")
    assert tiny.possible("open") == []
    tiny.do("take", "me mug_bar_1 fridge_bar_1 p1")
    assert ("holds", "me", "mug_bar_1") in tiny.facts.ground()
    assert ("in", "mug_bar_1", "fridge_bar_1") not in tiny.facts.ground()
    assert tiny.possible("take") == []
    assert tiny.possible("put") == ["me mug_bar_1 fridge_bar_1 p1"]


def test_conditional_effects_see_the_state_before() -> None:
    tiny = Tiny()
    tiny.do("go", "me p0 p2 table_bar_1")
    tiny.do("take", "me lamp_bar_1 table_bar_1 p2")
    for lit in (True, False, True):
        tiny.do("switch", "me lamp_bar_1")
        assert (("lit", "lamp_bar_1") in tiny.facts.ground()) is lit


def test_an_effect_that_does_not_come_about_now_counts_and_one_that_never_can_does_not() -> None:
    effect = ":effect (forall (?o - object) (when (and (holds ?a ?o) (is ?o {})) (lit ?o)))"
    for kind, possible in (("lamp", ["me"]), ("bowl", [])):
        tiny = Tiny(DOMAIN.replace(":effect (checked ?a)", effect.format(kind)))
        assert tiny.possible("look") == possible


def test_what_is_made_false_and_true_is_true() -> None:
    both = DOMAIN.replace(":effect (opened ?r)", ":effect (and (opened ?r) (not (opened ?r)))")
    tiny = Tiny(both)
    tiny.do("go", "me p0 p1 fridge_bar_1")
    tiny.do("open", "me fridge_bar_1")
    assert ("opened", "fridge_bar_1") in tiny.facts.ground()


def test_effects_for_all() -> None:
    every = DOMAIN.replace(
        ":effect (opened ?r)",
        ":effect (and (opened ?r) (forall (?o - object) (when (in ?o ?r) (lit ?o))))",
    )
    tiny = Tiny(every, PROBLEM.replace("(at me p0)", "(at me p0) (in Lamp_bar_1 Fridge_bar_1)"))
    tiny.do("go", "me p0 p1 fridge_bar_1")
    tiny.do("open", "me fridge_bar_1")
    lit = {fact[1] for fact in tiny.facts.ground() if fact[0] == "lit"}
    assert lit == {"mug_bar_1", "lamp_bar_1"}


def test_nothing_is_looked_for_again_unless_it_may_have_changed() -> None:
    tiny = Tiny()
    assert tiny.operators["go"].refresh()
    tiny.do("look", "me")
    assert not tiny.operators["go"].refresh()
    tiny.do("go", "me p0 p1 fridge_bar_1")
    assert tiny.operators["go"].refresh()


def test_of_two_rows_with_one_command_the_first_counts() -> None:
    tiny = Tiny()
    action = next(a for a in tiny.facts.domain.actions if a.name == "go")
    operator = Operator(action, tiny.facts, lambda row: "go")
    operator.refresh()
    assert tiny.spell(operator.table["go"]) == "me p0 p1 fridge_bar_1"


def test_winning() -> None:
    tiny = Tiny()
    assert not tiny.winning.now()
    assert tiny.winning.conceivable()
    tiny.facts.relations["in"].add(
        (tiny.facts.objects.number["mug_bar_2"], tiny.facts.objects.number["fridge_bar_1"])
    )
    assert tiny.winning.now()


def test_a_goal_nothing_fits_is_inconceivable() -> None:
    tiny = Tiny(problem=PROBLEM.replace("(is ?o mug)", "(is ?o bowl)"))
    assert not tiny.winning.conceivable()
