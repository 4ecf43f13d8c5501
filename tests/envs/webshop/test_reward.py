"""The formula, with every expected number worked out by hand."""

import pytest
from tiny_shop import GOALS, KETTLE, LANTERN, goal, product, shop

from arlarena_bench.envs.webshop.colours import COLOURS, plain_colour
from arlarena_bench.envs.webshop.reward import (
    matched_attributes,
    matched_options,
    token_set_ratio,
)
from arlarena_bench.errors import ArenaError

MOSS = {"color": "moss", "size": "12 cm"}


def test_everything_right():
    result = shop().reward(GOALS[0], LANTERN, MOSS, 25.0)
    assert result == {
        "total": 1.0,
        "r_type": 1.0,
        "r_att": 1.0,
        "w_att": 1 / 4,
        "query_match": True,
        "category_match": True,
        "title_score": 1.0,
        "r_option": 1.0,
        "w_option": 2 / 4,
        "r_price": True,
        "w_price": 1 / 4,
    }


def test_what_is_missing_is_missing():
    result = shop().reward(GOALS[0], LANTERN, {"color": "moss"}, 31.0)
    assert (result["r_option"], result["r_price"], result["total"]) == (0.5, False, 0.5)
    without = shop().reward(
        goal(LANTERN, attributes=["weatherproof", "gold plated"]), LANTERN, {}, 1.0
    )
    assert "r_option" not in without
    assert "w_option" not in without
    assert without["total"] == 2 / 3


def test_price_limit_itself_is_low_enough():
    assert shop().reward(GOALS[0], LANTERN, MOSS, 30.0)["r_price"] is True


def test_goals_by_rule_are_compared_as_pairs_and_those_by_people_as_words():
    inches = product("B0INCHES01", "Tin Lantern", Attributes=["weatherproof"])
    by_rule = goal(inches, goal_options={"size": "12 inch"})
    by_people = goal(inches, goal_options=["12 inch"])
    score = shop().reward
    assert score(by_rule, inches, {"size": "12 inch"}, 1.0)["r_option"] == 1.0
    assert score(by_rule, inches, {"size": "10 inch"}, 1.0)["r_option"] == 0.0
    # The words have "inch" in common, and the set of words forgives the rest.
    assert score(by_people, inches, {"size": "10 inch"}, 1.0)["r_option"] == 1.0


@pytest.mark.parametrize(
    ("wanted", "chosen", "matches"),
    [
        ([("color", "navy blue")], ["navy blue"], 1),
        ([("color", "navy")], ["dark navy"], 0),
        ([("color", "navy")], ["navy stripes"], 1),
        (["navy blue"], ["blue"], 1),
        (["navy blue"], ["midnight navy"], 0),
        (["x-large", "red"], ["x large", "bright red"], 2),
        (["moss"], ["moss", "moss"], 1),
        (["moss", "moss"], ["moss"], 2),
        (["moss"], [], 0),
        ([], ["moss"], 0),
    ],
)
def test_options_match_by_plain_colour_and_roughly(wanted, chosen, matches):
    assert matched_options(wanted, chosen) == matches


def test_attributes_match_roughly_or_in_a_text():
    plain = product("B0PLAIN001", "Kettle, Fast Boil", Description="No BPA.", BulletPoints=["Tall"])
    listed = plain | {"Attributes": ["easy to clean"]}
    assert matched_attributes(["easy clean"], listed) == 1
    assert matched_attributes(["fast boil", "bpa", "tall", "steel"], plain) == 3
    # Texts are searched in lower case, the goal's words as they are.
    assert matched_attributes(["BPA"], plain) == 0


@pytest.mark.parametrize(
    ("changes", "r_type", "title_score"),
    [
        ({}, 1.0, 1.0),
        ({"query": "x", "product_category": "Garden"}, 1.0, 1.0),
        ({"query": "x", "product_category": "y", "name": "Hook"}, 1.0, 1 / 4),
        ({"query": "x", "product_category": "y", "name": "Hook with 6 more"}, 1.0, 1 / 4),
        ({"name": "Spade"}, 0.0, 0.0),
        ({"name": ""}, 0.0, 0.0),
    ],
)
def test_type(changes, r_type, title_score):
    wanted = goal(LANTERN, name="Tin Lantern Hook Chain")
    result = shop().reward(wanted, LANTERN | {"name": "Tin Lantern Hook Chain"} | changes, {}, 1.0)
    assert (result["r_type"], result["title_score"]) == (r_type, title_score)


def test_type_between_nothing_and_all():
    nouns = "tin lantern hook chain ring glass wick oil flame light cord"
    other = product("B0OTHER001", "tin spade", query="x", product_category="Garden › Spades")
    result = shop().reward(goal(LANTERN, name=nouns), other, {}, 1.0)
    assert (result["title_score"], result["r_type"]) == (1 / 11, 0.1)
    result = shop().reward(goal(LANTERN, name=nouns[:-11]), other, {}, 1.0)
    assert (result["title_score"], result["r_type"]) == (1 / 9, 0.5)
    assert result["total"] == 0.25
    same_path = other | {"product_category": "Lighting › Garden"}
    result = shop().reward(goal(LANTERN, name=nouns[:-11]), same_path, {}, 1.0)
    assert (result["category_match"], result["query_match"], result["r_type"]) == (True, False, 1.0)


def test_repeated_nouns_of_the_goal_count_each_time():
    result = shop().reward(goal(KETTLE, name="Kettle kettle Copper"), KETTLE, {}, 1.0)
    assert result["title_score"] == 2 / 3


def test_title_without_nouns_scores_a_fifth():
    result = shop().reward(goal(KETTLE, name="12"), KETTLE, {}, 1.0)
    assert (result["title_score"], result["r_type"]) == (0.2, 1.0)
    result = shop().reward(
        goal(KETTLE, name="12", query="x", product_category="y"), KETTLE, {}, 1.0
    )
    assert result["r_type"] == 0.5


def test_goal_that_cannot_be_scored():
    with pytest.raises(ArenaError, match=r"goal for 'B0LANTERN1': no attributes"):
        shop().reward(goal(LANTERN, attributes=[]), LANTERN, {}, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("essential oil", "essential oils", 96),
        ("easy clean", "easy to clean", 100),
        ("10 inch", "12 inch", 86),
        ("inch", "12 inch", 100),
        ("red", "RED!", 100),
        ("café", "caf", 100),
        ("日本", "日本 x", 100),
        ("(red)", "('color', 'red')", 100),
        ("a b", "b a", 100),
        ("tea", "", 0),
        ("", "", 0),
        ("-", "-", 0),
        ("long lasting", "long", 100),
        ("noise cancelling", "noise canceling", 97),
        (("size", "12 inch"), "10 inch", 73),
    ],
)  # fmt: skip
def test_token_set_ratio_is_that_of_thefuzz(one, other, ratio):
    assert token_set_ratio(one, other) == ratio


@pytest.mark.parametrize(
    ("option", "plain"),
    [
        ("dark red", "dark"),
        ("bright red", "red"),
        ("redwood", "red"),
        ("standard", "tan"),
        ("light blue", "blue"),
        ("12 inch", "12 inch"),
        ("", ""),
        (("color", "red"), "red"),
        (("color", "dark red"), ("color", "dark red")),
    ],
)
def test_plain_colour(option, plain):
    assert plain_colour(option) == plain


def test_colours_are_in_alphabetical_order():
    assert list(COLOURS) == sorted({*COLOURS})
    assert len(COLOURS) == 102
