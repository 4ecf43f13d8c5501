"""A customer who knows only the instruction and the pages seen so far, for demonstrations."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .rendering import PER_PAGE
from .tokens import Stems
from .visit import Visit

PRICE = re.compile(r",? and price lower than (\d+(?:\.\d+)?) dollars$")
OPTIONS = re.compile(r" with ((?:(?! with )[^:])+: .*)$")
# What requests are worded with, and says nothing about the product.
_WORDING = """
find me i am looking i'm for need show want to buy help would like please get shopping could you
after pick out it should be that is has a an the in as size color of and with pair set box bag jar
"""
_PATIENCE = 6
"""Turns that are kept for buying the best product seen."""
# Stems are compared by their number; one numbering will do for all customers of a process.
_stems = Stems().learn


@dataclass
class Seen:
    """What is known of a product: its price, the words it is described by, and its options."""

    price: float
    words: set[int]
    options: Mapping[str, list[str]] | None = None
    read: bool = False


@dataclass
class Shopper:
    """Searches, reads what looks right, goes back from what is wrong, and remembers it.

    Args:
        instruction: What to buy.
    """

    instruction: str
    seen: dict[str, Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text = self.instruction
        price = PRICE.search(text)
        self.limit = float(price[1]) if price else float("inf")
        text = text[: price.start()] if price else text
        options = OPTIONS.search(text)
        named = options[1].split(", and ") if options else []
        self._named = dict(part.split(": ", 1) for part in named if ": " in part)
        # In a person's words, options may stand anywhere.
        self._spoken = "" if options else text
        request = text[: options.start()] if options else text
        noise = set(_stems(_WORDING))
        self.request = [stem for stem in dict.fromkeys(_stems(request)) if stem not in noise]
        asked = re.sub(r"[\[\]]", " ", " ".join([request, *self._named.values()]))
        kept = [word for word in asked.lower().split() if word not in _WORDING.split()]
        self._query = " ".join(kept)

    def see(self, visit: Visit) -> None:
        """Take in what the page shown says."""
        for listed in visit.listed:
            self._note(listed)
        product = visit.product
        if product is None or visit.page not in ("item", "features"):
            return
        known = self._note(product)
        if visit.page == "item":
            known.options = product["options"]
        else:
            known.read = True
            known.words |= set(_stems(" ".join(product["BulletPoints"])))

    def plan(self, visit: Visit, turns_left: int) -> list[str]:
        """Return what to do next, as far as it is known."""
        if visit.outcome is not None:
            return []
        if visit.page == "index" or visit.page == "done":
            return [f"search[{self._query or 'anything'}]"]
        if visit.page == "results":
            return self._choose(visit, turns_left)
        if visit.page != "item":
            return ["click[< prev]"]
        known = self.seen[str(visit.asin)]
        if turns_left > _PATIENCE and not self._will_do(known):
            if known.read or self._lacks_option(known) or known.price > self.limit:
                return ["click[< prev]"]
            return ["click[features]", "click[< prev]"]
        if turns_left <= _PATIENCE and visit.asin != self._best():
            return ["click[< prev]"]
        wanted = self.picks(known)
        picks = [f"click[{v}]" for name, v in wanted.items() if visit.options.get(name) != v]
        return [*picks, "click[buy now]"]

    def picks(self, known: Seen) -> dict[str, str]:
        """Return the values that the instruction asks for, of those a product has."""
        options = known.options or {}
        if self._named:
            return {n: v for n, v in self._named.items() if v in options.get(n, ())}
        found = {}
        for name, values in options.items():
            said = [
                value for value in values if re.search(rf"\b{re.escape(value)}\b", self._spoken)
            ]
            if said:
                found[name] = max(said, key=len)
        return found

    def _note(self, product: Mapping[str, Any]) -> Seen:
        if product["asin"] not in self.seen:
            price = max(product["pricing"], default=0.0)
            self.seen[product["asin"]] = Seen(price, set(_stems(product["Title"])))
        return self.seen[product["asin"]]

    def _choose(self, visit: Visit, turns_left: int) -> list[str]:
        """Open the most promising result that was not judged yet, or look further."""
        if turns_left <= _PATIENCE:
            best = self._best()
            if any(product["asin"] == best for product in visit.listed):
                return [_click(str(best))]
            if visit.page_number > 1:
                return ["click[< prev]"]
        fresh = [
            asin
            for asin in (product["asin"] for product in visit.listed)
            if self.seen[asin].options is None and self.seen[asin].price <= self.limit
        ]
        if fresh:
            return [_click(max(fresh, key=lambda asin: self._covered(self.seen[asin])))]
        if visit.total > visit.page_number * PER_PAGE:
            return ["click[next >]"]
        return ["click[back to search]"]

    def _covered(self, known: Seen) -> float:
        return sum(word in known.words for word in self.request) / max(1, len(self.request))

    def _lacks_option(self, known: Seen) -> bool:
        picked = self.picks(known)
        return any(name not in picked for name in self._named)

    def _will_do(self, known: Seen) -> bool:
        covered = self._covered(known) >= 1.0
        return covered and known.price <= self.limit and not self._lacks_option(known)

    def _best(self) -> str | None:
        """Return the product looked at that promises the highest score."""
        judged = {asin: known for asin, known in self.seen.items() if known.options is not None}
        if not judged:
            return None
        return max(
            judged,
            key=lambda asin: (
                self._covered(judged[asin]) * len(self.request)
                + len(self.picks(judged[asin]))
                + (judged[asin].price <= self.limit)
            ),
        )


def _click(asin: str) -> str:
    return f"click[{asin.lower()}]"
