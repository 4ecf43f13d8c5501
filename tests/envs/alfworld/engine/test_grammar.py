import pytest
from tiny_household import GRAMMAR

from arlarena_bench.envs.alfworld.engine.grammar import (
    Alternative,
    Symbol,
    parse_condition,
    parse_grammar,
    parse_text,
)
from arlarena_bench.errors import ArenaError


def test_commands_feedback_and_rules() -> None:
    grammar = parse_grammar(GRAMMAR)
    assert grammar.commands["take"] == "take {o} from {r}"
    assert grammar.feedback["open"] == "#contents#"
    assert grammar.rules["list_separator"] == (Alternative("", ", "),)
    assert [bool(alternative.condition) for alternative in grammar.rules["contents"]] == [
        True, True, False
    ]  # fmt: skip
    assert "taking" in grammar.rules  # written within an action


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("", []),
        ("plain text, (really).", [Symbol("plain text, (really).")]),
        ("\n  Hello\n", [Symbol("Hello\n")]),  # space goes where a text begins, and only there
        ("// a comment", []),
        ("#a#  \n\n#b(o)#", [Symbol("a", "rule"), Symbol("  \n\n"), Symbol("b(o)", "rule")]),
        ("{o.name}.", [Symbol("o.name", "expression"), Symbol(".")]),
        ("{o.name | p(o:x)}", [Symbol("o.name", "expression", "p(o:x)")]),
        ("[{#a# | p(o:x) & q()}]", [Symbol("a", "rule", "p(o:x) & q()", listed=True)]),
        ('say "hi" now', [Symbol("say "), Symbol("hi"), Symbol(" now")]),
        # The rest of a text that cannot be read is dropped, as the original does.
        ("one; two", [Symbol("one")]),
        ("one {r.name})}", [Symbol("one "), Symbol("r.name", "expression"), Symbol(")")]),
        ("one [two]", [Symbol("one ")]),
        ('a "quote', [Symbol("a ")]),
    ],
)
def test_symbols_of_a_text(text: str, symbols: list[Symbol]) -> None:
    assert list(parse_text(text)) == symbols


def test_conditions() -> None:
    assert parse_condition("p(a:x, b : y) & not_q(a:x)&r()") == (
        ("p", (("a", "x"), ("b", "y"))), ("not_q", (("a", "x"),)), ("r", ())
    )  # fmt: skip
    with pytest.raises(ArenaError, match="cannot read the condition 'p or q'"):
        parse_condition("p or q")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("action look {", "verb look {", "cannot read 'verb look"),
        ('template :: "look";', "", "cannot read the action look"),
        ('"task": [{"rhs"', '"task": [{"lhs"', "rule 'task' has an alternative without"),
        ('"task": [{', '"task": {{', "in a block of rules"),
        ('grammar :: """\n    {', 'grammar :: """\n    [', "in a block of rules"),
    ],
)
def test_bad_grammars(old: str, new: str, reason: str) -> None:
    assert old in GRAMMAR
    with pytest.raises(ArenaError, match=reason):
        parse_grammar(GRAMMAR.replace(old, new, 1))
