"""The words of the shop's pages, in the original's two forms: `text` and `text_rich`.

The original renders HTML and strips it again. A page here is the list of strings that are left,
each with what it stood in; white space on its own is kept or lost as its parser does it.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from arlarena_bench.errors import unknown

RESULTS, PER_PAGE = 50, 10
SUB_PAGES = ("Description", "Features", "Reviews", "Attributes")
MODES = ("text", "text_rich")
_HTML_SPACE = " \n\t\x0c\r"
_SEPARATOR = " [SEP] "


class Node(NamedTuple):
    """A string of a page, and what it stands in: `text`, `button`, `option` or `link`."""

    text: str
    kind: str = "text"


BACK = Node("Back to Search", "button")
PREVIOUS = Node("< Prev", "button")
NEXT = Node("Next >", "button")
BUY = Node("Buy Now", "button")
SEARCH = Node("Search", "button")


def index_page(instruction: str) -> list[Node]:
    """Return the page with the search bar."""
    return [Node("WebShop"), Node("Instruction: "), *_text(instruction), SEARCH]


def results_page(
    instruction: str, number: int, total: int, products: Iterable[Mapping[str, Any]]
) -> list[Node]:
    """Return one page of results; there is always a next one, as upstream."""
    nodes = [*_head(instruction), Node(f"Page {number} (Total results: {total})")]
    if number > 1:
        nodes.append(PREVIOUS)
    nodes.append(NEXT)
    for product in products:
        nodes += _text(product["asin"], "link")
        nodes += _text(product["Title"])
        nodes += _text(product["Price"])
    return nodes


def item_page(
    instruction: str, product: Mapping[str, Any], *, attributes_shown: bool
) -> list[Node]:
    """Return the page of a product with its options."""
    nodes = [*_head(instruction), PREVIOUS]
    for name, values in product["options"].items():
        nodes += _text(name)
        for value in values:
            nodes += _text(value, "option")
    nodes += _text(product["Title"])
    nodes += [Node(f"Price: {product['Price']}"), Node(f"Rating: {product['Rating']}")]
    shown = SUB_PAGES if attributes_shown else SUB_PAGES[:3]
    return [*nodes, *(Node(name, "button") for name in shown), BUY]


def sub_page(instruction: str, product: Mapping[str, Any], name: str) -> list[Node]:
    """Return one of a product's four pages of detail."""
    nodes = [*_head(instruction), PREVIOUS]
    if name == "Description":
        nodes += _text(str(product["Description"]))
    elif name == "Features":
        for bullet in product["BulletPoints"]:
            nodes += _text(f" {bullet}")
    elif name == "Reviews":
        for review in product["Reviews"]:
            nodes.append(Node(f'"{review.get("title", "")}"'))
            nodes += _text(str(review.get("score", "")))
            nodes += _text(str(review.get("body", "")))
    else:
        for attribute in product["Attributes"]:
            nodes += _text(f" {attribute}")
        for key in ("category", "query", "product_category"):
            nodes += _text(product[key])
    return nodes


def done_page(asin: str, options: Mapping[str, str], reward: float) -> list[Node]:
    """Return the page after a purchase; most of it is what upstream leaves unfilled."""
    # The form of Flask's `tojson` filter: keys sorted, and nothing that HTML could take for a tag.
    bought = json.dumps(options, sort_keys=True)
    for character in "<>&'":
        bought = bought.replace(character, f"\\u{ord(character):04x}")
    empty = [Node("None")]
    words = [
        "Thank you for shopping with us!", "Your code: ", "None",
        " (Paste it in your MTurk interface.)", "Purchased", "asin", asin, "options", bought,
        "attrs", "None", "category", "None", "query", "None", "product category", "None",
        "Target", "asin", "options", "attrs", "price upper", "instuction text", "category",
        "product category", "query", "Goal ", "None", "Reward",
        "Your score (min 0.0, max 1.0)", str(reward), "Reward Details ",
    ]  # fmt: skip
    return [*map(Node, words), *empty]


def clickables(
    nodes: Iterable[Node], products_options: Mapping[str, Sequence[str]]
) -> dict[str, str | None]:
    """Return what a page lets one click: label → name of the option it chooses, or None.

    Buttons and links come first, under their text in lower case, then options as they are
    written. Of equal labels the last one is clicked, in the place of the first, as upstream.
    """
    found: dict[str, str | None] = {}
    for kind in ("button", "link"):
        found.update((node.text.lower(), None) for node in nodes if node.kind == kind)
    for name, values in products_options.items():
        found.update(dict.fromkeys(values, name.lower()))
    return found


def write(nodes: Iterable[Node], mode: str, *, url: str, visited: Container[str]) -> str:
    """Return the text of a page.

    Args:
        nodes: The page.
        mode: `text` or `text_rich`.
        url: Upstream's address of the page: an option that stands in it in quotes is chosen.
        visited: Asins whose links count as clicked.

    Raises:
        ArenaError: If there is no such mode.
    """
    if mode == "text":
        return _SEPARATOR.join(node.text.strip() for node in nodes)
    if mode != "text_rich":
        raise unknown("observation mode", mode, MODES)
    lines = []
    chosen = []
    for text, kind in nodes:
        if kind == "button":
            lines.append(f"[button] {text} [button_]\n")
        elif kind == "option" and f'"{text}"' in url:
            lines.append(f"  [clicked button] {text} [clicked button_]\n")
            chosen.append(f"You have clicked {text}.\n")
        elif kind == "option":
            lines.append(f"  [button] {text} [button_]\n")
        elif kind == "link":
            clicked = "clicked " if text in visited else ""
            lines.append(f"\n[{clicked}button] {text} [{clicked}button_]\n")
        else:
            lines.append(f"{text}\n")
    return "".join([*reversed(chosen), *lines])


def _head(instruction: str) -> list[Node]:
    return [Node("Instruction:"), *_text(instruction), BACK]


def _text(text: str, kind: str = "text") -> tuple[Node, ...]:
    """Return a string as the original's HTML parser leaves it: nothing is left of a line break."""
    if text.strip(_HTML_SPACE):
        return (Node(text, kind),)
    if not text or "\n" in text:
        return ()
    return (Node(" ", kind),)
