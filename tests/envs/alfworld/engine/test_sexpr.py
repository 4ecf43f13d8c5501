import pytest

from arlarena_bench.envs.alfworld.engine import sexpr
from arlarena_bench.errors import ArenaError


def test_words_are_lower_case_and_comments_are_gone() -> None:
    text = "; a comment (\n(define (Domain A) ; another )\n  (:types x y))"
    assert sexpr.parse(text) == ["define", ["domain", "a"], [":types", "x", "y"]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected one expression"),
        ("word", "expected one expression"),
        ("(a) (b)", "expected one expression"),
        ("(a (b", "2 '(' are never closed; is the text cut off?"),
        ("(a))", "closes nothing"),
    ],
)
def test_unbalanced_text(text: str, reason: str) -> None:
    with pytest.raises(ArenaError, match=reason.replace("(", r"\(").replace("?", r"\?")):
        sexpr.parse(text)


def test_too_deep_to_be_a_domain() -> None:
    with pytest.raises(ArenaError, match="more than 100 parentheses within each other"):
        sexpr.parse("(" * 100_000 + ")" * 100_000)


def test_expressions_are_shown_short() -> None:
    assert sexpr.show(["and", ["p", "?x"], []]) == "(and (p ?x) ())"
    assert len(sexpr.show(["p", "x" * 100])) == 60
