"""The shop's pages for a person at a terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

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
    table = Table(
        title=Text(
            f"{' '.join(visit.keywords)!r}: {visit.total} results, page {visit.page_number}"
        ),
        box=box.SIMPLE,
        expand=True,
    )
    table.add_column("click", style="cyan", no_wrap=True)
    table.add_column("product")
    table.add_column("price", justify="right", no_wrap=True)
    for product in visit.listed:
        seen = "dim" if product["asin"] in visit.visited else ""
        table.add_row(
            Text(product["asin"].lower()), Text(product["Title"], style=seen), _price(product)
        )
    return table


def _item(visit: Visit) -> RenderableType:
    product = visit.product or {}
    lines = [Text(product["Title"], style="bold"), _price(product)]
    lines.append(Text(f"Rating: {product['Rating']}"))
    for name, values in product["options"].items():
        line = Text(f"{name}: ")
        for value in values:
            chosen = visit.options.get(name) == value
            line.append(f" {value} ", style="reverse bold" if chosen else "cyan")
            line.append(" ")
        lines.append(line)
    return Group(*lines)


def _details(visit: Visit) -> RenderableType:
    product = visit.product or {}
    match visit.page:
        case "description":
            return Text(str(product["Description"]))
        case "features":
            return Text("\n".join(f"• {bullet}" for bullet in product["BulletPoints"]))
        case "reviews":
            reviews = [
                f"{review.get('score', '')}/5  {review.get('title', '')}\n{review.get('body', '')}"
                for review in product["Reviews"]
            ]
            return Text("\n\n".join(reviews) or "no reviews yet")
    return Text("\n".join(f"• {attribute}" for attribute in product["Attributes"]))


def _done(visit: Visit) -> RenderableType:
    table = Table(title="You bought it", box=box.SIMPLE)
    table.add_column("part")
    table.add_column("score", justify="right")
    for name, value in (visit.outcome or {}).items():
        table.add_row(Text(name), Text(f"{float(value):.2f}"))
    return table


def _price(product: Mapping[str, Any]) -> Text:
    return Text(product["Price"], style="green")
