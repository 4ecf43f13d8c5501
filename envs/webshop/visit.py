"""One customer's way through the shop."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from arlarena_bench.errors import ArenaError, unknown

from . import rendering
from .actions import parse_action
from .rendering import MODES, PER_PAGE, SUB_PAGES, Node

_BASE = "http://127.0.0.1:3000"
_SUB_PAGES = {name.lower(): name for name in SUB_PAGES}
# In the order in which upstream looks for them in an address. A word that was searched for stands
# in the address as well, and can be mistaken for one.
_PLACES = ("search_results", "item_page", "item_sub_page", "done")


class Premises(Protocol):
    """What a customer meets of a shop; `Shop` describes each part."""

    products: Mapping[str, Mapping[str, Any]]
    goals: Sequence[Mapping[str, Any]]
    prices: Mapping[str, float]
    seed: int
    show_attrs: bool

    def search(self, query: str) -> tuple[str, ...]:
        """Return asins, best first."""

    def sample(self, rng: random.Random) -> list[Mapping[str, Any]]:
        """Draw products."""

    def where(self, key: str, value: str) -> list[Mapping[str, Any]]:
        """Return the products of which a fact holds."""

    def reward(
        self,
        goal: Mapping[str, Any],
        product: Mapping[str, Any],
        options: Mapping[str, str],
        price: float,
    ) -> dict[str, Any]:
        """Score a purchase."""


class Visit:
    """A session for one goal; made by `Shop.open`.

    Attributes:
        page: `index`, `results`, `item`, `description`, `features`, `reviews`, `attributes`
            or `done`.
        keywords: The words searched for last.
        page_number: Which page of results is, or was, shown.
        total: How many results there are.
        listed: The products on the page of results shown.
        asin: The product looked at.
        options: Option name → value chosen.
        visited: Asins opened since the index page was last shown.
        outcome: The parts of the reward, once something was bought.
    """

    def __init__(self, shop: Premises, goal_index: int, mode: str) -> None:
        if mode not in MODES:
            raise unknown("observation mode", mode, MODES)
        self.shop = shop
        self.goal_index = goal_index
        self.goal = shop.goals[goal_index]
        self.mode = mode
        self.outcome: dict[str, Any] | None = None
        self.listed: Sequence[Mapping[str, Any]] = ()
        self._rng: random.Random | None = None
        self._written: str | None = None
        self._labels: dict[str, str | None] | None = None
        self._show_index()

    @property
    def instruction(self) -> str:
        """What is to be bought, in words."""
        text: str = self.goal["instruction_text"]
        return text

    @property
    def product(self) -> Mapping[str, Any] | None:
        """The product looked at."""
        return None if self.asin is None else self.shop.products[self.asin]

    @property
    def open_options(self) -> dict[str, list[str]]:
        """Option name → values, of what is still to be chosen for the item shown."""
        product = self.product if self.page == "item" else None
        options = product["options"] if product else {}
        return {
            name: values for name, values in options.items() if values and name not in self.options
        }

    @property
    def price(self) -> float | None:
        """What the product looked at costs."""
        return None if self.asin is None else self.shop.prices[self.asin]

    @property
    def done(self) -> bool:
        """Whether the page shown is the one after a purchase."""
        return self.page == "done"

    @property
    def observation(self) -> str:
        """The page, as text."""
        if self._written is None:
            self._written = rendering.write(
                self._nodes, self.mode, url=self._url, visited=self.visited
            )
        return self._written

    @property
    def available_actions(self) -> dict[str, Any]:
        """`has_search_bar`, and `clickables`: the labels that can be clicked."""
        return {"has_search_bar": self.page == "index", "clickables": list(self._clickable())}

    def accepts(self, action: str) -> bool:
        """Return whether the shop would do anything with an action."""
        name, argument = parse_action(action)
        if name == "search":
            return argument is not None
        return name == "click" and argument is not None and self._can_click(argument.lower())

    def step(self, action: str) -> tuple[float, bool]:
        """Take an action: `search[words]` or `click[label]`; any other changes nothing.

        Returns:
            The reward, which only `Buy Now` gives, and whether something was bought.

        Raises:
            ArenaError: If the action is not a string.
        """
        if not isinstance(action, str):
            raise ArenaError(f"an action is a string, got {type(action).__name__}")
        name, argument = parse_action(action)
        if argument is None:
            return 0.0, False
        argument = argument.lower()
        if name == "search":
            self._show_results(argument.split(" "), 1)
        elif name == "click" and self._can_click(argument):
            return self._click(argument)
        return 0.0, False

    def _can_click(self, label: str) -> bool:
        return label != "search" and label in self._clickable()

    def _clickable(self) -> dict[str, str | None]:
        if self._labels is None:
            product = self.product if self.page == "item" else None
            options = product["options"] if product else {}
            self._labels = rendering.clickables(self._nodes, options)
        return self._labels

    def _click(self, label: str) -> tuple[float, bool]:
        """Do what a label says; its name goes before what it stands for, as upstream."""
        if label == "back to search":
            self._show_index()
        elif label == "next >" and self._place() == "search_results":
            self._show_results(self.keywords, self.page_number + 1)
        elif label == "< prev" and self._place() == "search_results":
            self._show_results(self.keywords, self.page_number - 1)
        elif label == "< prev" and self._place() == "item_page":
            self._show_results(self.keywords, self.page_number)
        elif self.asin is None:
            self._open(label.upper())
        elif label == "buy now":
            return self._buy(), True
        elif label in _SUB_PAGES:
            self._show_sub_page(_SUB_PAGES[label])
        else:
            name = self._clickable()[label]
            if name is not None:
                self.options[name] = label
            self._show_item()
        return 0.0, False

    def _place(self) -> str:
        return next((place for place in _PLACES if place in self._url), "")

    def _show(self, page: str, url: str, nodes: list[Node]) -> None:
        self.page = page
        self._url = f"{_BASE}/{url}"
        self._nodes = nodes
        self._written = self._labels = None
        if page != "results":
            self.listed = ()

    def _show_index(self) -> None:
        self.keywords: list[str] = []
        self.page_number = self.total = 0
        self.asin: str | None = None
        self.options: dict[str, str] = {}
        self.visited: set[str] = set()
        self._show("index", f"{self.goal_index}", rendering.index_page(self.instruction))

    def _show_results(self, keywords: list[str], number: int) -> None:
        self.keywords, self.page_number = keywords, number
        self.asin, self.options = None, {}
        found = self._find(keywords)
        self.total = len(found)
        # Upstream's slice: the page before the first one counts from the end.
        self.listed = found[(number - 1) * PER_PAGE : number * PER_PAGE]
        self._show(
            "results",
            f"search_results/{self.goal_index}/{'+'.join(keywords)}/{number}",
            rendering.results_page(self.instruction, number, self.total, self.listed),
        )

    def _find(self, keywords: list[str]) -> Sequence[Mapping[str, Any]]:
        """Search, or do what one of upstream's hidden commands asks for."""
        command, rest = keywords[0], keywords[1:]
        if command == "<r>":
            if self._rng is None:
                self._rng = random.Random(f"{self.shop.seed}/{self.goal_index}")
            return self.shop.sample(self._rng)
        if command == "<c>":
            return self.shop.where("category", rest[0].strip() if rest else "")
        if command == "<q>":
            return self.shop.where("query", " ".join(rest).strip())
        if command == "<a>":
            return self.shop.where("Attributes", " ".join(rest).strip())
        return [self.shop.products[asin] for asin in self.shop.search(" ".join(keywords))]

    def _open(self, asin: str) -> None:
        if asin in self.shop.products:
            self.asin = asin
            self.visited.add(asin)
            self._show_item()

    def _show_item(self) -> None:
        product = self.shop.products[str(self.asin)]
        nodes = rendering.item_page(
            self.instruction, product, attributes_shown=self.shop.show_attrs
        )
        self._show("item", f"item_page/{self._trail()}/{json.dumps(self.options)}", nodes)

    def _show_sub_page(self, name: str) -> None:
        product = self.shop.products[str(self.asin)]
        nodes = rendering.sub_page(self.instruction, product, name)
        self._show(name.lower(), f"item_sub_page/{self._trail()}/{name}/{self.options}", nodes)

    def _trail(self) -> str:
        return f"{self.goal_index}/{self.asin}/{'+'.join(self.keywords)}/{self.page_number}"

    def _buy(self) -> float:
        asin = str(self.asin)
        product = self.shop.products[asin]
        price = self.shop.prices[asin]
        self.outcome = self.shop.reward(self.goal, product, dict(self.options), price)
        total = float(self.outcome["total"])
        self._show(
            "done",
            f"done/{self.goal_index}/{asin}/{self.options}",
            rendering.done_page(asin, self.options, total),
        )
        return total
