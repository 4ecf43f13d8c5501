"""The shop: a catalogue, goals, a search and the reward."""

import hashlib
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from arlarena_bench.errors import ArenaError

from .goals import content
from .products import check_product, draw_price, is_words
from .rendering import RESULTS
from .reward import check_goal, reward
from .tagger import Tagger
from .tagger import tagger as build_tagger
from .visit import Visit

if TYPE_CHECKING:
    from .search import Index

_GOAL_TEXTS = ("asin", "query", "name", "product_category", "instruction_text")
_GOAL_KEYS = (*_GOAL_TEXTS, "attributes", "price_upper", "goal_options")


class Shop:
    """A shop that any number of visits share.

    Args:
        products: Products in the shape that the original's loader returns. Of several with one
            asin the first counts.
        goals: Goals in the shape that the original's loader returns. A goal's product need not be
            in the catalogue.
        search: A query of lower-case words → asins, best first; at most 50 are shown. None for
            BM25, with one index per catalogue and process.
        prices: asin → price. Those that are missing are drawn, as upstream, from the product's
            range of prices.
        seed: What draws them, and `search[<r>]`.
        show_attrs: Whether items have an Attributes page; upstream's default is no.
        tagger: Which words of a title are nouns: `spacy`, `words`, `auto`, or a `Tagger`.
        splits: Split → goal indices.
        comparable: Whether results may be compared with others'; false where splits overlap.

    Raises:
        ArenaError: If there are no products, or a product or goal is not whole.
    """

    def __init__(
        self,
        products: Iterable[Mapping[str, Any]],
        goals: Sequence[Mapping[str, Any]],
        search: Callable[[str], Sequence[str]] | None = None,
        *,
        prices: Mapping[str, float] | None = None,
        seed: int = 0,
        show_attrs: bool = False,
        tagger: str | Tagger = "auto",
        splits: Mapping[str, Sequence[int]] | None = None,
        comparable: bool = True,
    ) -> None:
        catalogue: dict[str, Mapping[str, Any]] = {}
        for product in products:
            check_product(product)
            catalogue.setdefault(product["asin"], product)
        if not catalogue:
            raise ArenaError("a shop needs at least one product; the catalogue is empty")
        if isinstance(goals, list | tuple):
            _check_goals(goals)
        self.products: Mapping[str, Mapping[str, Any]] = MappingProxyType(catalogue)
        self.goals = goals
        self.seed = seed
        self.show_attrs = show_attrs
        self.splits = MappingProxyType(dict(splits or {}))
        self.comparable = comparable
        self._search = search
        self._tagger = build_tagger(tagger)
        rng = random.Random(seed)
        given = prices or {}
        self._origin: tuple[Callable[..., Shop], tuple[object, ...]] | None = None
        self.prices: Mapping[str, float] = MappingProxyType(
            {
                asin: given[asin] if asin in given else draw_price(product, rng)
                for asin, product in catalogue.items()
            }
        )

    def made_by(self, maker: "Callable[..., Shop]", *arguments: object) -> "Shop":
        """Remember what gives this very shop, in any process; return the shop."""
        self._origin = maker, arguments
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Shop":
        return self

    def __reduce__(self) -> "tuple[Callable[..., Shop], tuple[object, ...]]":
        if self._origin is None:
            raise ArenaError(
                "this shop cannot be pickled: it was made by hand; say with made_by() which "
                "function makes it"
            )
        return self._origin

    @classmethod
    def load(
        cls,
        items: str | Path,
        attributes: str | Path,
        human_goals: str | Path | None = None,
        seed: int = 0,
        *,
        splits: Literal["frozen", "reference"] = "frozen",
        products: int | None = None,
        reviews: str | Path | None = None,
        tasks: str | Path | None = None,
        show_attrs: bool = False,
        tagger: str | Tagger = "auto",
    ) -> "Shop":
        """Load the original's files as they are.

        What the original draws at random in every process (prices, price limits, the order of
        the goals) is drawn once from `seed` and kept in a task file with a hash.

        Args:
            items: `items_shuffle*.json`.
            attributes: `items_ins_v2*.json`.
            human_goals: `items_human_ins.json`, for goals that people wrote; None for goals made
                by rule from `attributes`.
            seed: What prices, price limits and the order of the goals are drawn from.
            splits: `frozen`: test 500, validation 1,000, train the rest, with no content in two
                of them (of a small catalogue a sixth and a third). `reference`: what verl-agent
                and its descendants do in a worker of this seed, whose test goals other workers
                train on; for comparison only, so that `shop.comparable` is False.
            products: Load only the first so many.
            reviews: The original's optional `reviews.json`.
            tasks: The task file; None for one in the user's cache.
            show_attrs: Whether items have an Attributes page.
            tagger: Which words of a title are nouns.

        Raises:
            ArenaError: If a file is missing, broken or without products, or the task file belongs
                to another catalogue or was changed.
        """
        from .official import load

        loaded = load(
            items, attributes, human_goals, seed,
            splits=splits, first=products, reviews=reviews, tasks=tasks,
        )  # fmt: skip
        return cls(
            loaded.products, loaded.goals, prices=loaded.prices, seed=seed, show_attrs=show_attrs,
            tagger=tagger, splits=loaded.splits, comparable=splits == "frozen",
        )  # fmt: skip

    @property
    def tagger(self) -> str:
        """The name of the tagger that rewards are computed with; record it with results."""
        return self._tagger.name

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the catalogue, the prices and the goals in their order."""
        digest = hashlib.sha256()
        for part in (*self.products.values(), dict(self.prices), *self.goals):
            digest.update(json.dumps(part, sort_keys=True, default=str).encode() + b"\n")
        return digest.hexdigest()

    def content(self, goal_index: int) -> str:
        """Return the SHA-256 of what a goal asks for: product, attributes and options."""
        return content(self.goals[goal_index])

    def search(self, query: str) -> tuple[str, ...]:
        """Return the asins of at most 50 products, best first."""
        if self._search is None:
            return self._index.search(query)
        return tuple(asin for asin in self._search(query)[:RESULTS] if asin in self.products)

    def open(self, goal_index: int, mode: str = "text_rich") -> Visit:
        """Begin a visit.

        Args:
            goal_index: Which of `goals` is to be bought.
            mode: `text` or `text_rich`.

        Raises:
            ArenaError: If there is no such goal or mode.
        """
        if not 0 <= goal_index < len(self.goals):
            raise ArenaError(f"no goal {goal_index}: this shop has {len(self.goals)}, from 0 on")
        return Visit(self, goal_index, mode)

    def reward(
        self,
        goal: Mapping[str, Any],
        product: Mapping[str, Any],
        options: Mapping[str, str],
        price: float,
    ) -> dict[str, Any]:
        """Score a purchase; see `arlarena_bench.envs.webshop.reward.reward`."""
        return reward(goal, product, options, price, self._tagger)

    def sample(self, rng: random.Random) -> list[Mapping[str, Any]]:
        """Draw 50 products, or all in random order where there are fewer."""
        return rng.sample(self._all, min(RESULTS, len(self._all)))

    def where(self, key: str, value: str) -> list[Mapping[str, Any]]:
        """Return every product whose `key` is, or for a list holds, `value`."""
        if key == "Attributes":
            return [product for product in self._all if value in product[key]]
        return [product for product in self._all if product[key] == value]

    @cached_property
    def _all(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.products.values())

    @cached_property
    def _index(self) -> "Index":
        # Not needed by a shop that brings its own search, and slow to import.
        from .search import shared_index

        return shared_index(self.products.values())


def _check_goals(goals: Sequence[Mapping[str, Any]]) -> None:
    for number, goal in enumerate(goals):
        if missing := [key for key in _GOAL_KEYS if key not in goal]:
            raise ArenaError(f"goal {number}: no {missing[0]!r}")
        if wrong := [key for key in _GOAL_TEXTS if not isinstance(goal[key], str)]:
            raise ArenaError(f"goal {number}: no text under {wrong[0]!r}")
        options = goal["goal_options"]
        values = list(options.values()) if isinstance(options, Mapping) else options
        if not is_words(goal["attributes"]) or not is_words(values):
            raise ArenaError(f"goal {number}: no words under 'attributes' or 'goal_options'")
        check_goal(goal)
