from io import StringIO

from rich.console import Console, RenderableType

from arlarena_bench.envs.webshop import Shop, catalogue, page
from arlarena_bench.envs.webshop.env import WebShopEnv


def text_of(shown: RenderableType) -> str:
    console = Console(width=100, record=True, color_system="truecolor", file=StringIO())
    console.print(shown)
    return console.export_text(styles=True)


def printed(env: WebShopEnv) -> str:
    return text_of(env.page())


def test_every_page_is_laid_out() -> None:
    env = WebShopEnv(horizon=40)
    env.reset(options={"task_id": "test/0003"})
    assert "search[" in printed(env)
    *_, opening, first, second, buy = env.oracle()
    env.step(f"search[{env.instruction.lower()}]")
    text = printed(env)
    assert "50 results, page 1" in text
    for product in env.visit.listed:
        assert product["asin"].lower() in text
        assert product["Price"] in text
    env.step("click[back to search]")
    for command in env.oracle():
        if command == opening:
            break
        env.step(command)
    env.step(opening)
    product = env.visit.product
    assert product
    plain = printed(env)
    assert product["Title"].split()[0] in plain
    env.step(first)
    value = first.removeprefix("click[").removesuffix("]")
    assert f"\x1b[1;7m {value} " in printed(env) != plain
    for sub_page, content in (
        ("description", product["Description"].split()[0]),
        ("features", product["BulletPoints"][0].split()[0]),
        ("reviews", product["Reviews"][0]["title"]),
    ):
        env.step(f"click[{sub_page}]")
        assert content in printed(env)
        env.step("click[< prev]")
    env.step(second)
    env.step(buy)
    assert env.success
    text = printed(env)
    assert "You bought it" in text
    assert "r_option" in text


def test_markup_in_a_title_is_shown_as_it_is() -> None:
    products, goals = catalogue.catalogue()
    product = {**products[0], "Title": "[bold]Cup[/bold]", "options": {"[red]": ["[/]"]}}
    visit = Shop([product], goals[:1], lambda query: [product["asin"]]).open(0)
    visit.step("search[cup]")
    assert "[bold]Cup[/bold]" in text_of(page.show(visit))
    visit.step(f"click[{product['asin'].lower()}]")
    assert "[/]" in text_of(page.show(visit))


def test_compact_pages_are_text() -> None:
    env = WebShopEnv(size="mini", observation="compact")
    env.reset(options={"task_id": "test/0003"})
    assert printed(env).strip() == "\x1b[1mshop\x1b[0m"
