"""What people do with the site."""

from typing import Any

import pytest

TABLE = "tables/nano.sokoban"
TAB, ENTER, RIGHT, LEFT = "\ue004", "\ue007", "\ue014", "\ue012"


def column(browser: Any, name: str, table: str = "article table") -> tuple[int, Any]:
    """Return the place of a column of the first table, and its header."""
    headers = browser.all(f"{table} thead th")
    names = [" ".join(header.text.replace("\xa0", " ").split()) for header in headers]
    place = next(i for i, text in enumerate(names) if text.startswith(name))
    return place, headers[place]


def names_of(browser: Any, body: str = "method") -> list[str]:
    first = browser.all("article table")[0]
    rows = first.find_elements("css selector", f"tbody.{body} th[scope=row]")
    return [row.text for row in rows]


def test_sorting_goes_down_up_and_back_and_leaves_references_where_they_are(browser: Any) -> None:
    browser.show("index.html")
    before = names_of(browser)
    assert before == ["grpo", "sapo", "sampo"]
    _, header = column(browser, "success %")
    seen = []
    for _ in range(3):
        header.find_element("tag name", "button").click()
        seen.append((header.get_attribute("aria-sort"), names_of(browser)))
    assert seen == [
        ("descending", ["sampo", "grpo", "sapo"]),
        ("ascending", ["sapo", "grpo", "sampo"]),
        ("none", before),
    ]
    assert names_of(browser, "reference") == ["start", "expert"]
    assert names_of(browser, "control") == ["grpo_x2"]


def test_a_column_is_sorted_by_keyboard_and_gaps_come_last(browser: Any) -> None:
    browser.show("index.html")
    _, header = column(browser, "Δ GRPO")
    browser.js("arguments[0].querySelector('button').focus()", header)
    browser.press(ENTER)
    assert names_of(browser) == ["sampo", "sapo", "grpo"]
    browser.press(ENTER)
    assert header.get_attribute("aria-sort") == "ascending"
    assert names_of(browser) == ["sapo", "sampo", "grpo"]


def choose(browser: Any, name: str, value: str) -> None:
    browser.js(
        "const s = document.querySelector(`select[name=${arguments[0]}]`); s.value = arguments[1];"
        "s.dispatchEvent(new Event('change', {bubbles: true}))",
        name,
        value,
    )


def shown_tables(browser: Any) -> list[str]:
    tables = browser.all("[data-table]")
    return sorted(
        f"{t.get_attribute('data-preset')} {t.get_attribute('data-environment')}"
        for t in tables
        if t.is_displayed()
    )


def test_tables_are_filtered_and_the_filter_is_in_the_address(browser: Any) -> None:
    browser.show("index.html")
    every = shown_tables(browser)
    assert len(every) == 6
    choose(browser, "environment", "sokoban")
    assert shown_tables(browser) == ["nano sokoban", "nano-stress sokoban"]
    choose(browser, "tier", "sample replayed")
    assert shown_tables(browser) == ["nano sokoban"]
    assert browser.find("#shown").text == "1 of 6 tables"
    browser.driver.refresh()
    assert shown_tables(browser) == ["nano sokoban"]
    # Of the suite, the other environments' columns go, too.
    columns = [h.text for h in browser.all("[data-suite] thead th") if h.is_displayed()]
    assert not [name for name in columns if "webshop" in name]
    choose(browser, "preset", "nano-stress")
    assert shown_tables(browser) == []
    assert browser.find("#nothing").is_displayed()
    browser.find("#filters button[type=reset]").click()
    browser.driver.implicitly_wait(0)
    assert shown_tables(browser) == every


def test_an_episode_is_opened_and_read_turn_by_turn(browser: Any) -> None:
    browser.show(f"{TABLE}/episodes/sampo.html")
    buttons = browser.all("#list button")
    assert len(buttons) == 4
    buttons[1].click()
    assert browser.find("#episode-title").text == buttons[1].text.split()[0]
    assert browser.js("return document.activeElement.id") == "episode-title"
    assert browser.find("#where").text.startswith("turn 1 of ")
    first = browser.find("svg.board").get_attribute("aria-label")
    assert first.startswith("Board of 6 rows and 6 columns: ")
    browser.find("#next").click()
    assert browser.find("#where").text.startswith("turn 2 of ")
    browser.driver.find_element("tag name", "body").send_keys(RIGHT)
    assert browser.find("#where").text.startswith("turn 3 of ")
    browser.driver.find_element("tag name", "body").send_keys(LEFT)
    browser.driver.refresh()
    assert browser.find("#where").text.startswith("turn 2 of ")
    browser.find("#all").click()
    boards = browser.all("svg.board")
    assert len(boards) == len(browser.all("#turns > li")) > 2
    assert browser.texts("#turns h3")[-1] == "The end"


@pytest.mark.parametrize(
    ("environment", "drawn"),
    [
        ("webshop_mini", {".scene li": "$", ".values .chosen": "(chosen)"}),
        ("tir_math_mini", {".scene h4": "output", ".said .command": "print"}),
        ("alfworld_mini", {".scene p": "ahead: "}),
    ],
)
def test_shops_problems_and_households_are_drawn(
    browser: Any, environment: str, drawn: dict[str, str]
) -> None:
    browser.show(f"tables/nano.{environment}/episodes/grpo.html")
    browser.find("#all").click()
    for selector, text in drawn.items():
        assert any(text in found.get_attribute("textContent") for found in browser.all(selector))


def test_hostile_replies_are_read_and_not_run(browser: Any) -> None:
    browser.show("tables/nano-stress.sokoban/episodes/grpo.html")
    browser.js("document.querySelector('.said details').open = true")
    assert "</script><script>alert(1)</script>" in browser.find(".said details pre").text
    assert browser.errors() == []
    assert not browser.all("main img")


def test_two_methods_are_compared_task_by_task(browser: Any) -> None:
    browser.show(f"{TABLE}/compare.html#a=sapo&b=sampo&outcome=01")
    assert browser.js("return [...document.querySelectorAll('select')].map("
                      "s => s.selectedOptions[0].textContent.trim())") == [
        "sapo", "sampo", "only B solves"]  # fmt: skip
    rows = [row.text.split() for row in browser.all("#tally tbody tr, #tally tfoot tr")]
    assert [row[0] for row in rows] == ["0", "1", "2", "all"]
    counts = [list(map(int, row[1:])) for row in rows]
    assert [sum(each) for each in counts[:3]] == [356] * 3
    assert counts[3] == [sum(each) for each in zip(*counts[:3], strict=True)]
    shown = browser.all("#tasks tbody tr")
    assert 0 < len(shown) < 356
    for row in shown[:5]:
        ours, theirs = (mark.text for mark in row.find_elements("css selector", ".marks"))
        assert ("○", "●") in zip(ours, theirs, strict=True)
    browser.find("#swap").click()
    swapped = [row.text.split() for row in browser.all("#tally tbody tr")]
    assert [row[2:4] for row in swapped] == [row[3:1:-1] for row in rows[:3]]
    choose(browser, "outcome", "")
    assert len(browser.all("#tasks tbody tr")) == 356
    links = browser.all("#tasks tbody tr:first-child a")
    task = browser.find("#tasks tbody tr:first-child th").text
    links[0].click()
    assert browser.find("#episode-title").text == task
    assert browser.find("h1").text.startswith("Episodes sampo")


def test_the_theme_goes_round_and_is_kept(browser: Any) -> None:
    browser.show("index.html", scheme="dark")
    paper = "return getComputedStyle(document.body).backgroundColor"
    dark = browser.js(paper)
    button = browser.find("#theme")
    assert button.text == "Theme: auto"
    button.click()
    assert button.text == "Theme: light"
    light = browser.js(paper)
    assert light != dark
    browser.driver.refresh()
    assert browser.js(paper) == light
    button = browser.find("#theme")
    button.click()
    assert (button.text, browser.js(paper)) == ("Theme: dark", dark)
    button.click()
    assert button.text == "Theme: auto"
    browser.prefer("light")
    browser.until(paper, light)


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(browser: Any) -> None:
    browser.show("index.html")
    browser.press(TAB)
    assert browser.js("return document.activeElement.className") == "skip"
    assert browser.js("return document.activeElement.getBoundingClientRect().left") >= 0
    browser.press(ENTER)
    assert browser.js("return document.activeElement.id") == "main"
    for _ in range(3):
        browser.press(TAB)
        outline = "return getComputedStyle(document.activeElement).outlineStyle"
        assert browser.js(outline) != "none"


def test_charts_are_drawn_against_either_axis_with_their_numbers(browser: Any) -> None:
    browser.show(f"{TABLE}/methods/sapo.html")
    assert len(browser.all(".plot canvas")) == 8
    inked = (
        "const c = document.querySelector('.plot canvas'); "
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; "
        "return d.filter((v, i) => i % 4 === 3 && v > 0).length"
    )
    assert browser.js(inked) > 500
    browser.find("[data-numbers='0'] summary").click()
    assert browser.texts("[data-numbers='0'] thead th") == ["updates", "mean", "95 % interval"]
    browser.all("[data-axis] input")[1].click()
    assert browser.texts("[data-numbers='0'] thead th")[0] == "reply tokens"
    last = browser.all("[data-numbers='0'] tbody tr")[-1].text.split()
    assert int(last[0].replace(",", "")) > 100_000


def test_without_scripts_tables_and_words_are_there(browser: Any) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.show("index.html")
        assert browser.find("h1").is_displayed()
        assert "62" in browser.all("article table")[0].text
        browser.show(f"{TABLE}/episodes/sampo.html")
        assert browser.find("noscript").text.startswith("Episodes are drawn by the browser")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
