"""The shop's pages for a person at a terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .goals import NO_LIMIT
from .visit import Visit


def show(visit: Visit) -> RenderableType:
    """Return the page, laid out."""
    body = {"index": _index, "results": _results, "item": _item, "done": _done}
    return Panel(
        body.get(visit.page, _details)(visit),
        title=Text(f"WebShop · {visit.page}", style="bold"),
        box=box.ROUNDED,
        padding=(0, 1),
    )


def _index(visit: Visit) -> RenderableType:
    return Text.assemble(("search[", "bold"), ("what you are looking for", "dim"), ("]", "bold"))


def _results(visit: Visit) -> RenderableType:
    found = f"{' '.join(visit.keywords)!r}: {visit.total} results, page {visit.page_number}"
    table = Table(box=box.SIMPLE, expand=True)
    table.add_column("click", style="cyan", no_wrap=True)
    table.add_column("product")
    table.add_column("price", justify="right", no_wrap=True)
    for product in visit.listed:
        seen = "dim" if product["asin"] in visit.visited else ""
        table.add_row(
            Text(product["asin"].lower()), Text(product["Title"], style=seen), _price(product)
        )
    return Group(Text(found), table if visit.listed else Text("\nnothing on this page"))


def _item(visit: Visit) -> RenderableType:
    product = visit.product or {}
    options = Table.grid(padding=(0, 2))
    for name, values in product["options"].items():
        line = Text()
        for value in values:
            chosen = visit.options.get(name.lower()) == value
            line.append(f"✓ {value}" if chosen else value, style="bold" if chosen else "cyan")
            line.append("   ")
        options.add_row(Text(name), line)
    price = Text.assemble(_price(product), f"   rated {product['Rating']}\n")
    return Group(_title(product), price, options)


def _details(visit: Visit) -> RenderableType:
    product = visit.product or {}
    lines = {
        "description": [str(product["Description"])],
        "features": [f"• {bullet}" for bullet in product["BulletPoints"]],
        "reviews": list(map(_review, product["Reviews"])),
        "attributes": [f"• {attribute}" for attribute in product["Attributes"]],
    }
    text = "\n".join(lines[visit.page]).rstrip() or "nothing here"
    return Group(_title(product), Text(f"\n{text}"))


def _review(review: Mapping[str, Any]) -> str:
    heading = f"{review.get('score', '')}/5  {review.get('title', '')}"
    return f"{heading}\n{review.get('body', '')}\n"


def _done(visit: Visit) -> RenderableType:
    """Return what was bought, what was wanted, and the parts of the score with their weights."""
    outcome, goal = visit.outcome or {}, visit.goal
    options = goal["goal_options"]
    asked = [*(options.values() if isinstance(options, Mapping) else options)]
    if goal["price_upper"] < NO_LIMIT:
        asked.append(f"at most ${goal['price_upper']:.2f}")
    paid = [*visit.options.values(), f"${visit.price or 0.0:.2f}"]
    bought = Table.grid(padding=(0, 2))
    for label, item, details in (("bought", visit.product or {}, paid), ("wanted", goal, asked)):
        bought.add_row(label, Text(f"{item['name']}\n{', '.join(details)}"))
    table = Table(box=box.SIMPLE)
    table.add_column("part")
    table.add_column("score", justify="right")
    table.add_column("weight", justify="right")
    for part in ("att", "option", "price"):
        if f"r_{part}" in outcome:
            score, weight = float(outcome[f"r_{part}"]), outcome[f"w_{part}"]
            table.add_row(f"r_{part}", f"{score:.2f}", f"{weight:.2f}")
    table.add_row("r_type", f"{outcome['r_type']:.2f}", "times all")
    table.add_row("total", f"{outcome['total']:.2f}", "", style="bold")
    return Group(bought, table)


def _title(product: Mapping[str, Any]) -> Text:
    return Text(product["Title"], style="bold")


def _price(product: Mapping[str, Any]) -> Text:
    ends = " to ".join(f"${price:.2f}" for price in product["pricing"])
    return Text(ends or product["Price"], style="green")
