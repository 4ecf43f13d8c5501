"""Who shops for hints and demonstrations."""

from random import Random
from typing import TYPE_CHECKING

from arlarena_bench.demonstrator import Demonstrator

from . import oracle
from .expert import Shopper
from .mini import compact
from .mini.expert import shop_around

if TYPE_CHECKING:
    from .env import WebShopEnv


class Player(Demonstrator):
    """Buys what the goal was written for, or as the expert what seems right."""

    env: "WebShopEnv"
    _shopper: Shopper | None = None

    def begin(self) -> None:
        """Read the instruction."""
        env = self.env
        self._shopper = None if env.is_compact else Shopper(env.visit.instruction)

    def see(self, command: str) -> None:
        """Take in the page that a command led to."""
        if self._shopper is not None:
            self._shopper.see(self.env.visit)

    def oracle(self) -> list[str]:
        """Return a way to buy the goal's own product, for someone who knows which that is."""
        visit = self.env.visit
        plan = oracle.plan(visit)
        return compact.from_actions(visit, plan) if self.env.is_compact else plan

    def expert(self) -> list[str]:
        """Return what a customer does next who knows only what was seen.

        With compact observations: who knows only the instruction and what is seen now.
        """
        env = self.env
        if env.visit.outcome is not None:
            return []
        if self._shopper is None:
            return [shop_around(env.visit, env.tried)]
        return self._shopper.plan(env.visit, env.horizon - env.turns)

    def thought(self, plan: list[str]) -> str:
        """Return the next actions; with compact observations, what the first one is about."""
        if self.env.is_compact:
            return compact.thought(self.env.visit, plan[0]) if plan else ""
        return ", then ".join(plan[:2])

    def habit(self) -> list[str]:
        """Search for all that was asked, and buy the first result, whatever it is.

        Its options are chosen as they come, too: the first value of each.
        """
        visit = self.env.visit
        if self.env.is_compact:
            return [compact.first_come(visit)]
        clicks = self._clicks()
        if not clicks:
            return [f"search[{' '.join(self._words())}]"]
        firsts = [product["asin"].lower() for product in visit.listed[:1]]
        firsts += [values[0] for values in visit.open_options.values()]
        bought = [click for click in clicks if click == "click[buy now]"]
        return [*(f"click[{first}]" for first in firsts), *bought, *clicks][:1]

    def noise(self, rng: Random) -> list[str]:
        """Draw two clicks on what is there, or where there is a search bar, two searches."""
        clicks = self._clicks()
        if not clicks:
            return [self._search(rng) for _ in range(2)]
        return rng.choices(clicks, k=2)

    def _search(self, rng: Random) -> str:
        if self.env.is_compact:
            return compact.random_search(rng)
        words = self._words()
        return f"search[{' '.join(rng.sample(words, min(3, len(words))))}]"

    def _clicks(self) -> list[str]:
        return [action for action in self.env.admissible_actions() if action.startswith("click")]

    def _words(self) -> list[str]:
        return self.env.instruction.replace("[", " ").replace("]", " ").lower().split()
