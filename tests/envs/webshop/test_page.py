from io import StringIO

from rich.console import Console, RenderableType
from tiny_shop import goal, shop
from tiny_shop import product as make_product

from arlarena_bench.envs.webshop import Shop, catalogue, page
from arlarena_bench.envs.webshop.env import WebShopEnv
from arlarena_bench.envs.webshop.goals import NO_LIMIT


def text_of(shown: RenderableType) -> str:
    console = Console(width=100, record=True, color_system="truecolor", file=StringIO())
    console.print(shown)
    return console.export_text(styles=True)


def printed(env: WebShopEnv) -> str:
    return text_of(env.view.page())


def test_every_page_is_laid_out() -> None:
    env = WebShopEnv(horizon=40)
    env.reset(options={"task_id": "test/0003"})
    assert "search[" in printed(env)
    *_, opening, first, second, buy = env.demonstrator.oracle()
    env.step(f"search[{env.instruction.lower()}]")
    text = printed(env)
    assert "50 results, page 1" in text
    for product in env.visit.listed:
        assert product["asin"].lower() in text
        assert f"${product['pricing'][0]:.2f}" in text
    env.step("click[back to search]")
    for command in env.demonstrator.oracle():
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
    assert f"✓ {value}" in printed(env)
    assert "✓" not in plain
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
    assert f"${env.visit.price:.2f}" in text
    assert f"at most ${env.visit.goal['price_upper']:.2f}" in text
    assert "r_option" in text


def test_pages_with_nothing_on_them() -> None:
    bare = make_product("B0BARE0001", "Bare", Description=" ", pricing=[], Price="$100.0")
    visit = shop(more=(bare,), goals=[goal(bare, price_upper=NO_LIMIT)], search=None).open(0)
    visit.step("search[zzz]")
    assert "nothing on this page" in text_of(page.show(visit))
    for action in ("search[bare]", "click[b0bare0001]"):
        visit.step(action)
        assert "$100.0" in text_of(page.show(visit))
    for sub_page in ("description", "features", "reviews"):
        visit.step(f"click[{sub_page}]")
        assert "nothing here" in text_of(page.show(visit))
        visit.step("click[< prev]")
    visit.step("click[buy now]")
    assert "at most" not in text_of(page.show(visit))


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
