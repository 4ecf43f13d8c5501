import subprocess
import sys

import pytest
from tiny_shop import GOALS, KETTLE, LANTERN, SPADES, goal, product, shop

from arlarena_bench.envs.webshop import Shop
from arlarena_bench.errors import ArenaError


def test_empty_catalogue():
    with pytest.raises(ArenaError, match=r"at least one product; the catalogue is empty"):
        Shop([], GOALS)


def test_of_duplicate_asins_the_first_is_kept():
    second = product(LANTERN["asin"], "Another Lantern")
    assert shop(more=(second,)).products[LANTERN["asin"]] is LANTERN


def test_goal_for_a_product_that_is_not_sold_can_be_played_and_scored():
    missing = product("B0GONE0001", "Tin Lantern")
    visit = shop(goals=[goal(missing)]).open(0)
    for action in ("search[lantern]", "click[b0lantern1]"):
        visit.step(action)
    assert visit.step("click[buy now]") == (1.0, True)


@pytest.mark.parametrize("index", [-1, 2, 10**9])
def test_unknown_goal(index):
    with pytest.raises(ArenaError, match=f"no goal {index}: this shop has 2, from 0 on"):
        shop().open(index)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attributes": []}, "no attributes to score a purchase by"),
        ({"price_upper": 0}, "price_upper must be positive, got 0"),
    ],
)
def test_goals_that_cannot_be_scored(changes, message):
    with pytest.raises(ArenaError, match=message):
        shop(goals=[goal(LANTERN, **changes)])


def test_incomplete_products_and_goals_are_named():
    for changes, message in (
        ({"Title": None}, "product 'B0LANTERN1': no text under 'Title'"),
        ({"BulletPoints": None}, "product 'B0LANTERN1': no list under 'BulletPoints'"),
        ({"options": {"size": [9]}}, "product 'B0LANTERN1': no lists of words by name under"),
    ):
        with pytest.raises(ArenaError, match=message):
            Shop([LANTERN | changes], [])
    for key in ("options", "Rating"):
        with pytest.raises(ArenaError, match=f"product 'B0KETTLE22': no .*{key}"):
            Shop([{name: KETTLE[name] for name in KETTLE if name != key}], [])
    with pytest.raises(ArenaError, match="goal 1: no 'goal_options'"):
        shop(goals=[GOALS[0], {key: GOALS[0][key] for key in GOALS[0] if key != "goal_options"}])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query": None}, "goal 0: no text under 'query'"),
        ({"attributes": "tin"}, "goal 0: no words under 'attributes' or 'goal_options'"),
        ({"goal_options": {"size": 9}}, "goal 0: no words under 'attributes' or 'goal_options'"),
        ({"goal_options": [None]}, "goal 0: no words under 'attributes' or 'goal_options'"),
    ],
)
def test_goals_of_another_shape_are_named(changes, message):
    with pytest.raises(ArenaError, match=message):
        shop(goals=[goal(LANTERN, **changes)])


def test_nulls_that_the_original_shows_are_shown():
    odd = product("B0NULL0001", "Null Lantern", Description=None, BulletPoints=[None])
    visit = shop(more=(odd,), goals=[goal(odd)], search=None).open(0)
    for action in ("search[null]", "click[b0null0001]", "click[description]"):
        visit.step(action)
    assert visit.observation.endswith("[button] < Prev [button_]\nNone\n")
    for action in ("click[< prev]", "click[features]"):
        visit.step(action)
    assert visit.observation.endswith("[button] < Prev [button_]\n None\n")
    visit.step("click[< prev]")
    assert visit.step("click[buy now]") == (0.5, True)


def test_prices_are_given_drawn_from_the_range_or_a_hundred():
    ranged = product("B0RANGE001", "R", pricing=[10.0, 20.0])
    free = product("B0FREE0001", "F", pricing=[])
    prices = shop(more=(ranged, free), seed=3, prices={KETTLE["asin"]: 7.5}).prices
    assert prices[LANTERN["asin"]] == 25.0
    assert prices[KETTLE["asin"]] == 7.5
    assert prices["B0FREE0001"] == 100.0
    assert 10.0 <= prices["B0RANGE001"] <= 20.0
    assert shop(more=(ranged, free), seed=3).prices["B0RANGE001"] == prices["B0RANGE001"]
    assert shop(more=(ranged, free), seed=4).prices["B0RANGE001"] != prices["B0RANGE001"]


def test_its_own_search_finds_by_words():
    own = Shop([LANTERN, KETTLE, *SPADES], GOALS, tagger="words")
    assert own.search("copper kettles") == (KETTLE["asin"],)
    visit = own.open(0)
    visit.step("search[Lanterns, weatherproof!]")
    assert visit.listed == [LANTERN]


def test_results_of_a_search_of_ones_own_are_cut_to_fifty():
    many = [product(f"B0MANY{n:04}", "Many") for n in range(60)]
    found = Shop(many, GOALS, lambda query: [p["asin"] for p in many], tagger="words")
    assert len(found.search("anything")) == 50


def test_digest_depends_on_products_prices_and_the_order_of_goals():
    digests = {
        shop().digest,
        shop(goals=GOALS[::-1]).digest,
        shop(prices={KETTLE["asin"]: 1.0}).digest,
        shop(more=(product("B0MORE0001", "More"),)).digest,
    }
    assert len(digests) == 4
    assert shop().digest in digests


def test_content_is_what_is_asked_for():
    goals = [
        *GOALS,
        goal(LANTERN, goal_options={"size": "12 cm", "color": "moss"}, price_upper=50.0),
        goal(LANTERN, goal_options={"color": "moss", "size": "12 cm"}, instruction_text="now"),
        goal(KETTLE, goal_options={"color": "moss", "size": "12 cm"}),
    ]
    contents = [shop(goals=goals).content(number) for number in range(len(goals))]
    assert contents[0] == contents[2] == contents[3]
    assert len(set(contents)) == 3


def test_importing_the_shop_needs_neither_torch_nor_the_search():
    code = (
        "import sys, arlarena_bench.envs.webshop;"
        "sys.exit(bool({'torch', 'transformers', 'bm25s', 'spacy'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
