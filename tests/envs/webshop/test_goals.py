from random import Random

import pytest
from tiny_shop import LANTERN, product

from arlarena_bench.envs.webshop.goals import (
    NO_LIMIT,
    Goals,
    content,
    draw_limit,
    human_instructions,
    rule_instructions,
)

ASKED = LANTERN | {"instruction_text": "Find me", "instruction_attributes": ["gold", "tin"]}
PLAIN = product("B0PLAIN001", "Plain", instruction_text="Find", instruction_attributes=["tin"])
WRITTEN = LANTERN | {
    "instructions": [
        {
            "instruction": "i want it.",
            "instruction_attributes": ["gold"],
            "instruction_options": ["moss"],
        },
        {"instruction": "left out", "instruction_attributes": [], "instruction_options": []},
        {"instruction": "any", "instruction_attributes": ["tin"]},
    ]
}


def test_goals_by_rule_take_every_combination_the_last_option_fastest():
    goals = Goals(rule_instructions([ASKED, PLAIN]), [30.0, NO_LIMIT])
    assert [goal["goal_options"] for goal in goals] == [
        {"color": "brick red", "size": "9 cm"},
        {"color": "brick red", "size": "12 cm"},
        {"color": "moss", "size": "9 cm"},
        {"color": "moss", "size": "12 cm"},
        {},
    ]
    assert goals[3] == {
        "asin": LANTERN["asin"],
        "category": "garden",
        "query": "lantern",
        "name": LANTERN["name"],
        "product_category": "Garden › Lighting › Lanterns",
        "instruction_text": (
            "Find me with color: moss, and size: 12 cm, and price lower than 30.00 dollars"
        ),
        "attributes": ["gold", "tin"],
        "price_upper": 30.0,
        "goal_options": {"color": "moss", "size": "12 cm"},
        "weight": (1 / 4 + 1 / 5) / 2,
    }
    assert goals[-1]["instruction_text"] == "Find"
    assert goals[-1]["weight"] == 1 / 5


def test_goals_in_peoples_words():
    goals = Goals(human_instructions([PLAIN, WRITTEN]), [40.0, NO_LIMIT])
    assert [goal["instruction_text"] for goal in goals] == [
        "i want it, and price lower than 40.00 dollars", "any",
    ]  # fmt: skip
    assert [goal["goal_options"] for goal in goals] == [["moss"], []]
    assert [goal["weight"] for goal in goals] == [1, 1]


def test_instructions_that_cannot_be_scored_are_left_out():
    assert rule_instructions([LANTERN, PLAIN | {"instruction_attributes": []}]) == []


def test_option_without_values_leaves_nothing_to_ask_for():
    none = ASKED | {"options": {"color": [], "size": ["9 cm"]}}
    assert list(Goals(rule_instructions([none]), [30.0])) == []


def test_goals_come_in_the_order_given():
    goals = Goals(rule_instructions([ASKED, PLAIN]), [30.0, 20.0], [4, 0, 3])
    assert len(goals) == 3
    assert [goal["asin"] for goal in goals] == [PLAIN["asin"], ASKED["asin"], ASKED["asin"]]
    assert [goals.asin(index) for index in range(3)] == [goal["asin"] for goal in goals]
    assert goals[1:] == [goals[1], goals[2]]
    with pytest.raises(IndexError):
        goals[3]


def test_price_limit_is_the_higher_of_two_of_four_steps():
    drawn = {draw_limit(25.0, Random(seed)) for seed in range(60)}
    assert drawn == {40.0, 50.0, 60.0}
    assert draw_limit(30.0, Random(0)) > 30.0
    assert {draw_limit(975.0, Random(seed)) for seed in range(20)} == {990.0}
    assert draw_limit(980.0, Random(0)) == draw_limit(2000.0, Random(0)) == NO_LIMIT


def test_content_leaves_out_wording_price_and_order():
    first, second = Goals(rule_instructions([ASKED]), [30.0])[:2]
    same = first | {"instruction_text": "x", "price_upper": 1.0, "attributes": ["tin", "gold"]}
    assert content(same) == content(first) != content(second)
