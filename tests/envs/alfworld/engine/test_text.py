import pytest
from tiny_household import DOMAIN, GRAMMAR, PROBLEM

from arlarena_bench.envs.alfworld.engine.facts import Facts
from arlarena_bench.envs.alfworld.engine.grammar import parse_grammar
from arlarena_bench.envs.alfworld.engine.names import display_names
from arlarena_bench.envs.alfworld.engine.pddl import parse_domain, parse_problem
from arlarena_bench.envs.alfworld.engine.text import Texts
from arlarena_bench.errors import ArenaError

SCOPE = (("r", "receptacle"),)


def texts(grammar: str = GRAMMAR) -> Texts:
    domain = parse_domain(DOMAIN)
    state = Facts(parse_problem(PROBLEM, domain), domain)
    return Texts(parse_grammar(grammar), state, display_names(state.mentioned()))


def say(text: str, receptacle: str = "table_bar_1") -> str:
    language = texts()
    render, _ = language.render(text, SCOPE)
    return render((language.facts.objects.number[receptacle],))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{r}", "table 2"),
        ("{r.name}, {r.id}, {r.type}, {r.definite}", "table 2, table_bar_1, receptacle, the"),
        ("{r.indefinite + ' ' + r.name}", "a table 2"),
        ("{'' or r.name}", "table 2"),
        ("[{o.name | in(o:object, r:receptacle)}]", "lamp 1, and mug 1"),
        ("{o.name | in(o:object, r:receptacle)}", "lamp 1mug 1"),
        ("[{o.name | holds(a:agent, o:object)}]", "nothing"),
        ("[{x.name | stands(x:receptacle, p:place)}]", "fridge 1, and table 1"),  # not itself
        ("[{r.name}]", "table 2"),
        ("#contents#", "On it: a lamp 1, and a mug 1."),
    ],
)
def test_wording(text: str, said: str) -> None:
    assert say(text) == said


def test_the_first_alternative_that_applies_is_used() -> None:
    language = texts()
    render, _ = language.render("#contents#", SCOPE)
    fridge = (language.facts.objects.number["fridge_bar_1"],)
    assert render(fridge) == "The fridge 1 is closed."
    language.facts.relations["opened"].add(fridge)
    assert render(fridge) == "Open: a mug 2."


def test_what_a_wording_depends_on() -> None:
    language = texts()
    assert language.render("go to [{r.name | stands(r:receptacle, p:place)}]", SCOPE)[1] == ()
    for _ in range(2):  # a rule compiled before tells the same
        assert language.facts.relations["opened"] in language.render("#contents#", SCOPE)[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#nowhere#", "unknown rule of the grammar 'nowhere'"),
        ("{x.name}", r"cannot compute \{x.name\} from r"),
        ("{r.colour}", "cannot compute"),
        ("{r.name.upper()}", "cannot compute"),
        ("{__import__('os')}", "cannot compute"),
        ("{r.name +}", "cannot read"),
        ("[{o | inn(o:object)}]", "unknown PDDL predicate of 1 arguments 'inn'; did you mean 'in'"),
        ("[{o | lit(o:object)}]", "cannot depend on 'lit', which changes conditionally"),
        ("[{o | stands(o:object, o:object)}]", "repeats a name within a predicate"),
    ],
)
def test_texts_that_cannot_be_written(text: str, reason: str) -> None:
    with pytest.raises(ArenaError, match=reason):
        texts().render(text, SCOPE)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ('"task": [{"rhs": "#task#"}]', "the rule 'task' uses itself"),
        (
            '"task": [{"condition": "opened(r:receptacle)", "rhs": ""}]',
            "'task' has no alternative",
        ),
        ('"task": []', "'task' has no alternative without condition"),
    ],
)
def test_rules_that_have_no_end(rule: str, reason: str) -> None:
    wrong = GRAMMAR.replace(
        GRAMMAR[GRAMMAR.index('"task"') : GRAMMAR.index(',\n        "around"')], rule
    )
    with pytest.raises(ArenaError, match=reason):
        texts(wrong).render("#task#", SCOPE)


def test_what_was_false_all_along_is_not_denied() -> None:
    # Which rows the original would deny when `heat` ends `cool` depends on its planner.
    heedless = DOMAIN.replace(":effect (opened ?r)", ":effect (and (opened ?r) (not (busy ?a)))")
    domain = parse_domain(heedless)
    state = Facts(parse_problem(PROBLEM, domain), domain)
    language = Texts(parse_grammar(GRAMMAR), state, {})
    with pytest.raises(ArenaError, match="'not_busy', as open may make false what was not true"):
        language.render("[{a | not_busy(a:agent)}]", SCOPE)
