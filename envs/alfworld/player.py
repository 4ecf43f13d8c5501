"""Who does the chores for hints and demonstrations."""

from typing import TYPE_CHECKING

from arlarena_bench.demonstrator import Demonstrator

from .compact import clockwise
from .expert import Searcher, sweep
from .planner import Planner

if TYPE_CHECKING:
    from .env import AlfworldEnv


class Player(Demonstrator):
    """Plans with what is known: everything for the oracle, what was seen for the expert."""

    env: "AlfworldEnv"
    _plan: list[str] | None = None
    _searcher: Searcher | None = None

    def begin(self) -> None:
        """Look around for the first time."""
        env = self.env
        self._plan = None
        self._searcher = None
        if env.observation == "text":
            self._searcher = Searcher(env.goal, env.put)
            self._searcher.see(env.world)

    def see(self, command: str) -> None:
        """Take in what a command brought into view; drop a plan that was not followed."""
        if self._searcher is not None:
            self._searcher.see(self.env.world)
        followed = self._plan and self._plan[0] == command.strip()
        self._plan = self._plan[1:] if self._plan and followed else None

    def oracle(self) -> list[str]:
        """Return a short way to the goal, for someone who knows where everything is."""
        if self._plan is None:
            env = self.env
            self._plan = Planner(env.world, env.goal, env.put).plan() or []
        return list(self._plan)

    def expert(self) -> list[str]:
        """Return what someone does next who knows only what can have been seen so far.

        With compact observations: who knows only what is seen now.
        """
        env = self.env
        if env.success:
            return []
        if self._searcher is None:
            return sweep(env.world, env.goal, env.put)
        return self._searcher.plan(env.world)

    def habit(self) -> list[str]:
        """Walk from place to place, always clockwise, and touch nothing."""
        world = self.env.world
        return [f"go to {world.names[place]}" for place in clockwise(world)[:1]]

    def thought(self, plan: list[str]) -> str:
        """Return the next commands; with compact observations, the errand they are part of."""
        if self.env.observation == "compact" and plan:
            words = [word for word in plan[-1].split() if word.isalpha() and word != "to"]
            return " ".join(words[:2])
        return ", then ".join(plan[:2])
