"""Every kind of page at both widths in both schemes: seen, heard, printed, and alone."""

import base64
from pathlib import Path
from typing import Any

import pytest

AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
PAGES = [
    "index.html",
    "claims.html",
    "tables/nano.sokoban/index.html",
    "tables/nano.sokoban/compare.html#outcome=00",
    "tables/nano.sokoban/methods/sapo.html",
    "tables/nano.sokoban/methods/expert.html",
    "tables/nano.sokoban/episodes/sampo.html",
    "tables/nano.alfworld_mini/episodes/grpo.html",
    "tables/nano.tir_math_mini/episodes/grpo.html",
    "tables/nano.webshop_mini/episodes/grpo.html",
    "tables/noisy-starts.nano.alfworld_mini/methods/grpo.html",
]


# Everything once wide in the light and narrow in the dark; those with most on them also the others.
WAYS = [(1280, "light"), (390, "dark")]
OTHER_WAYS = [(1280, "dark"), (390, "light")]
FULLEST = (PAGES[0], PAGES[4], PAGES[9])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_accessible_fits_and_is_alone(browser: Any, page: str) -> None:
    browser.errors()
    browser.requests()
    for width, scheme in WAYS + (OTHER_WAYS if page in FULLEST else []):
        browser.show(page, width, scheme)
        assert browser.js("return document.documentElement.dataset.scheme") == scheme
        wide = browser.js("return document.documentElement.scrollWidth")
        assert wide <= width, f"{page} is {wide} wide at {width}"
        if "episodes" in page:
            browser.find("#all").click()
        browser.js(AXE)
        found = browser.driver.execute_async_script(
            # It would ask for the style sheets, which files may not.
            "axe.run(document, {preload: false}).then(arguments[arguments.length - 1])"
        )
        told = [
            f"{v['id']}: {node['target']} {node['failureSummary']}"
            for v in found["violations"]
            for node in v["nodes"]
        ]
        assert told == [], f"{page} at {width}, {scheme}"
    assert browser.errors() == []
    assert browser.requests() <= {"file", "about", "data"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_prints_in_the_light_without_its_controls(browser: Any, page: str) -> None:
    browser.show(page, scheme="dark")
    browser.js("dispatchEvent(new Event('beforeprint'))")
    browser.prefer("dark", "print")
    assert browser.js("return document.documentElement.dataset.scheme") == "light"
    hidden = ".top nav, #theme, .filters, .steps, .list, .choice"
    assert not [element for element in browser.all(hidden) if element.is_displayed()]
    assert browser.find("h1").is_displayed()
    if "episodes" in page:
        assert len(browser.all("#turns > li")) > 1
    made = browser.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(made["data"]).startswith(b"%PDF")
    browser.js("dispatchEvent(new Event('afterprint'))")
    assert browser.js("return document.documentElement.dataset.scheme") == "dark"
