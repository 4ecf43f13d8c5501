import pytest

from arlarena_bench.envs.webshop.actions import parse_action


@pytest.mark.parametrize(
    ("action", "name", "argument"),
    [
        ("search[tin lantern]", "search", "tin lantern"),
        ("click[Buy Now]", "click", "Buy Now"),
        ("search[ ]", "search", " "),
        ("search[tin] please", "search", "tin"),
        ("search[a]]", "search", "a]"),
        ("search[[a]", "search[", "a"),
        ("search[a][b]", "search[a]", "b"),
        ("[[a]", "[", "a"),
        (" search[a]", " search", "a"),
        ("x[a]\nclick[b]", "x", "a"),
        ("search[]", "search[]", None),
        ("search", "search", None),
        ("search[a", "search[a", None),
        ("search]a[", "search]a[", None),
        ("[a]", "[a]", None),
        ("search[a\nb]", "search[a\nb]", None),
        ("", "", None),
    ],
)
def test_action_is_split_at_the_last_bracket_that_has_a_partner(action, name, argument):
    assert parse_action(action) == (name, argument)


def test_a_million_brackets_are_read_at_once():
    assert parse_action("search" + "[" * 1_000_000) == ("search" + "[" * 1_000_000, None)
    assert parse_action("[" * 999_998 + "a]") == ("[" * 999_997, "a")
