"""Transcripts: what the original shows, page by page."""

import pytest
from tiny_shop import KETTLE, LANTERN, SPADES, goal, product, shop

from arlarena_bench.errors import ArenaError

HEAD = "Instruction:\ni want a lantern\n[button] Back to Search [button_]\n"
INDEX = "WebShop\nInstruction: \ni want a lantern\n[button] Search [button_]\n"
ITEM = (
    HEAD
    + """[button] < Prev [button_]
color
  [button] brick red [button_]
  [button] moss [button_]
size
  [button] 9 cm [button_]
  [button] 12 cm [button_]
Tin Lantern <b>& Hook</b>, 9½ cm
Price: $25.0
Rating: 4.5
[button] Description [button_]
[button] Features [button_]
[button] Reviews [button_]
[button] Buy Now [button_]
"""
)
ITEM_BUTTONS = ["back to search", "< prev", "description", "features", "reviews", "buy now"]


def walk(*actions, mode="text_rich", **options):
    visit = shop(**options).open(0, mode)
    for action in actions:
        assert visit.step(action) == (0.0, False)
    return visit


def test_index():
    visit = walk()
    assert visit.observation == INDEX
    assert visit.available_actions == {"has_search_bar": True, "clickables": ["search"]}
    assert walk(mode="text").observation == (
        "WebShop [SEP] Instruction: [SEP] i want a lantern [SEP] Search"
    )


def test_results_leave_out_what_is_not_sold():
    visit = walk("search[lantern]")
    assert visit.observation == HEAD + (
        "Page 1 (Total results: 2)\n[button] Next > [button_]\n"
        "\n[button] B0LANTERN1 [button_]\nTin Lantern <b>& Hook</b>, 9½ cm\n$25.0\n"
        "\n[button] B0KETTLE22 [button_]\nCopper Kettle\n$25.0\n"
    )
    assert visit.available_actions == {
        "has_search_bar": False,
        "clickables": ["back to search", "next >", "b0lantern1", "b0kettle22"],
    }
    assert (visit.page, visit.total, visit.listed) == ("results", 2, [LANTERN, KETTLE])


def test_results_as_plain_text():
    assert walk("search[lantern]", mode="text").observation == (
        "Instruction: [SEP] i want a lantern [SEP] Back to Search [SEP] Page 1 (Total results: 2) "
        "[SEP] Next > [SEP] B0LANTERN1 [SEP] Tin Lantern <b>& Hook</b>, 9½ cm [SEP] $25.0 [SEP] "
        "B0KETTLE22 [SEP] Copper Kettle [SEP] $25.0"
    )


def test_second_page_and_the_empty_ones_behind_it():
    visit = walk("search[spade]", "click[next >]")
    buttons = "[button] < Prev [button_]\n[button] Next > [button_]\n"
    assert visit.observation == HEAD + "Page 2 (Total results: 12)\n" + buttons + "".join(
        f"\n[button] {spade['asin']} [button_]\n{spade['Title']}\n$25.0\n" for spade in SPADES[10:]
    )
    assert visit.available_actions["clickables"] == [
        "back to search", "< prev", "next >", "b0spade010", "b0spade011",
    ]  # fmt: skip
    visit.step("click[next >]")
    assert visit.observation == HEAD + "Page 3 (Total results: 12)\n" + buttons
    visit.step("click[< prev]")
    visit.step("click[< prev]")
    assert visit.observation == walk("search[spade]").observation


def test_nothing_found():
    visit = walk("search[bagpipes]")
    assert visit.observation == HEAD + "Page 1 (Total results: 0)\n[button] Next > [button_]\n"
    assert visit.available_actions["clickables"] == ["back to search", "next >"]


def test_item_without_options():
    visit = walk("search[lantern]", "click[b0kettle22]")
    assert visit.observation == HEAD + (
        "[button] < Prev [button_]\nCopper Kettle\nPrice: $25.0\nRating: N.A.\n"
        "[button] Description [button_]\n[button] Features [button_]\n[button] Reviews [button_]\n"
        "[button] Buy Now [button_]\n"
    )
    assert visit.available_actions["clickables"] == ITEM_BUTTONS


def test_item_with_options_and_those_chosen():
    visit = walk("search[lantern]", "click[b0lantern1]")
    assert visit.observation == ITEM
    assert visit.available_actions["clickables"] == [
        *ITEM_BUTTONS, "brick red", "moss", "9 cm", "12 cm",
    ]  # fmt: skip
    visit.step("click[12 CM]")
    visit.step("click[moss]")
    clicked = ITEM
    for option in ("moss", "12 cm"):
        clicked = clicked.replace(
            f"[button] {option} [button_]", f"[clicked button] {option} [clicked button_]"
        )
    assert visit.observation == "You have clicked 12 cm.\nYou have clicked moss.\n" + clicked
    visit.step("click[brick red]")
    assert visit.options == {"size": "12 cm", "color": "brick red"}
    assert visit.observation.startswith("You have clicked 12 cm.\nYou have clicked brick red.\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("description", "A lantern that is weatherproof.\n"),
        ("features", " hangs anywhere\n burns 8 hours\n"),
        ("reviews", '"Bright"\n4.0\nLit the shed.\n'),
        (
            "attributes",
            " weatherproof\n easy clean\ngarden\nlantern\nGarden › Lighting › Lanterns\n",
        ),
    ],
)
def test_pages_of_detail_and_the_way_back(name, content):
    visit = walk(
        "search[lantern]", "click[b0lantern1]", "click[moss]", f"click[{name}]", show_attrs=True
    )
    assert visit.page == name
    assert visit.observation == HEAD + "[button] < Prev [button_]\n" + content
    assert visit.available_actions["clickables"] == ["back to search", "< prev"]
    visit.step("click[< prev]")
    assert visit.page == "item"
    assert visit.options == {"color": "moss"}


def test_attributes_page_is_not_offered_unless_asked_for():
    visit = walk("search[lantern]", "click[b0lantern1]", "click[attributes]")
    assert visit.page == "item"


def test_going_back_forgets_options_and_remembers_the_link():
    visit = walk("search[lantern]", "click[b0lantern1]", "click[moss]", "click[< prev]")
    assert "\n[clicked button] B0LANTERN1 [clicked button_]\n" in visit.observation
    visit.step("click[b0lantern1]")
    assert visit.observation == ITEM
    visit.step("click[back to search]")
    assert visit.observation == INDEX
    visit.step("search[lantern]")
    assert "\n[button] B0LANTERN1 [button_]\n" in visit.observation


def test_purchase():
    visit = walk("search[lantern]", "click[b0lantern1]", "click[moss]", "click[12 cm]")
    assert visit.step("click[Buy Now]") == (1.0, True)
    words = [
        "Thank you for shopping with us!", "Your code: ", "None",
        " (Paste it in your MTurk interface.)", "Purchased", "asin", "B0LANTERN1", "options",
        '{"color": "moss", "size": "12 cm"}', "attrs", "None", "category", "None", "query", "None",
        "product category", "None", "Target", "asin", "options", "attrs", "price upper",
        "instuction text", "category", "product category", "query", "Goal ", "None", "Reward",
        "Your score (min 0.0, max 1.0)", "1.0", "Reward Details ", "None",
    ]  # fmt: skip
    assert visit.observation == "".join(f"{word}\n" for word in words)
    assert visit.available_actions == {"has_search_bar": False, "clickables": []}
    assert visit.done
    assert visit.outcome["total"] == 1.0
    assert visit.step("click[buy now]") == (0.0, False)


def test_options_on_the_last_page_are_escaped_for_html():
    name = "men's <9>"
    boots = product("B0BOOTS001", "Boots", query="boots", options={"size": [name]})
    visit = walk("search[<q> boots]", "click[b0boots001]", f"click[{name}]", more=(boots,))
    visit.step("click[buy now]")
    assert '\n{"size": "men\\u0027s \\u003c9\\u003e"}\n' in visit.observation


@pytest.mark.parametrize(
    "action",
    [
        "search[]", "search", "search[tin", "Search[lantern]", " search[lantern]", "click[nothing]",
        "click[search]", "click[]", "click", "[lantern]", "", "click[b0lantern1", "buy now",
        "search[tin\nlantern]", "x" * 1_000_000, "click[" + "x" * 1_000_000 + "]",
        "click" + "[" * 1_000_000, "\0", "\ud800",
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", [(), ("search[lantern]",)])
def test_invalid_actions_change_nothing(action, before):
    visit = walk(*before)
    observation = visit.observation
    assert not visit.accepts(action)
    assert visit.step(action) == (0.0, False)
    assert visit.observation == observation


def test_search_takes_any_words_on_any_page():
    for before in ((), ("search[lantern]",), ("search[lantern]", "click[b0lantern1]")):
        visit = walk(*before, "search[LANTERN]")
        assert (visit.page, visit.total) == ("results", 2)
    assert walk("search[" + "x" * 1_000_000 + "]").total == 0
    assert walk("search[ ]").total == 0
    assert walk("search[\ud800]").total == 0


def test_an_option_counts_as_clicked_if_it_is_quoted_in_the_search():
    visit = walk('search[a "moss"]', "click[b0lantern1]", search=lambda query: [LANTERN["asin"]])
    assert visit.observation.startswith("You have clicked moss.\n")
    assert visit.options == {}


def test_an_option_outside_ascii_never_counts_as_clicked():
    visit = walk("search[<q> lamp]", more=(product("B0CAFE0001", "Lamp", query="lamp", options={
        "style": ["café"]}),))  # fmt: skip
    visit.step("click[b0cafe0001]")
    visit.step("click[café]")
    assert visit.options == {"style": "café"}
    assert "  [button] café [button_]\n" in visit.observation


def test_an_option_named_like_a_button_is_the_button():
    odd = product("B0ODD00001", "Odd", query="odd", options={"page": ["reviews", "moss", "moss"]})
    visit = walk("search[<q> odd]", "click[b0odd00001]", more=(odd,))
    assert visit.available_actions["clickables"] == [*ITEM_BUTTONS, "moss"]
    visit.step("click[reviews]")
    assert visit.page == "reviews"


def test_option_without_values_is_a_heading():
    empty = product("B0EMPTY001", "Empty", query="empty", options={"fit": [], "lid": ["moss"]})
    visit = walk("search[<q> empty]", "click[b0empty001]", more=(empty,))
    assert "[button] < Prev [button_]\nfit\nlid\n  [button] moss [button_]\n" in visit.observation
    assert visit.available_actions["clickables"] == [*ITEM_BUTTONS, "moss"]


def test_of_two_options_with_one_name_the_last_is_chosen():
    twice = product("B0TWICE001", "T", query="two", options={"Lid": ["moss"], "Base": ["moss"]})
    visit = walk("search[<q> two]", "click[b0twice001]", "click[moss]", more=(twice,))
    assert visit.options == {"base": "moss"}


def test_words_of_the_address_are_mistaken_for_the_page():
    visit = walk("search[<c> garden search_results]", "click[b0lantern1]", "click[< prev]")
    # One page before the first, whose place in the list is counted from its end.
    assert visit.observation.startswith(HEAD + "Page 0 (Total results: 14)\n[button] Next >")


def test_hidden_commands():
    assert [p["asin"] for p in walk("search[<q> kettle]").listed] == [KETTLE["asin"]]
    assert walk("search[<c> garden and more]").total == 14
    assert walk("search[<c>]").total == 0
    assert walk("search[<a> easy clean]").listed == [LANTERN]
    first, again = walk("search[<r>]"), walk("search[<r>]")
    assert first.observation == again.observation
    assert first.total == 14
    assert first.listed != walk("search[<q> spade]").listed


def test_white_space_alone_is_a_space_or_nothing():
    blank = product(
        "B0BLANK001", " \t", query="blank", Description="\n ", BulletPoints=["", " \n", "a\nb"]
    )
    visit = walk("search[<q> blank]", more=(blank,))
    assert visit.observation.endswith("[button] B0BLANK001 [button_]\n \n$25.0\n")
    for action in ("click[b0blank001]", "click[features]"):
        visit.step(action)
    assert visit.observation.endswith("[button] < Prev [button_]\n \n a\nb\n")
    visit.step("click[< prev]")
    visit.step("click[description]")
    assert visit.observation.endswith("[button] < Prev [button_]\n")


def test_instruction_is_shown_as_it_is():
    odd = [goal(LANTERN, instruction_text='{{ "<i>ö" }} &amp;\nten')]
    assert walk(goals=odd).observation == (
        'WebShop\nInstruction: \n{{ "<i>ö" }} &amp;\nten\n[button] Search [button_]\n'
    )


def test_visits_do_not_disturb_each_other():
    same = shop()
    one, other = same.open(0), same.open(0)
    one.step("search[lantern]")
    one.step("click[b0lantern1]")
    one.step("click[moss]")
    other.step("search[lantern]")
    assert "[clicked button]" not in other.observation


def test_mode_and_action_are_checked():
    with pytest.raises(ArenaError, match=r"unknown observation mode 'rich'.*text_rich"):
        shop().open(0, "rich")
    with pytest.raises(ArenaError, match="an action is a string, got int"):
        walk().step(3)
