"""`Demonstrator`: how an environment is played by someone who can."""

import random
from typing import TYPE_CHECKING

from arlarena_bench.errors import ArenaError

if TYPE_CHECKING:
    from arlarena_bench.text_env import TextEnv


class Demonstrator:
    """Solves tasks, for hints and demonstrations, and plays badly where that is wanted.

    It comes to life when `TextEnv.demonstrator` is first asked for, and is told from then on of
    every task that begins and every command that is executed. One that must have seen the whole
    episode has to be asked for before it begins.

    Args:
        env: The environment it plays; a subclass may annotate `env` with its own.
    """

    def __init__(self, env: "TextEnv") -> None:
        self.env = env

    def begin(self) -> None:
        """Take note that a task has begun."""

    def see(self, command: str) -> None:
        """Take note of what a command led to."""

    def oracle(self) -> list[str]:
        """Return commands that solve the task from here; empty where none is known."""
        return []

    def expert(self) -> list[str]:
        """Return what demonstrations do next, only the first command of which is executed.

        The oracle's plan, unless that draws on what no player can know.
        """
        return self.oracle()

    def thought(self, plan: list[str]) -> str:
        """Return what a demonstration thinks aloud before it takes `plan[0]`."""
        return " ".join(plan[:2])

    def habit(self) -> list[str]:
        """Return what a coherent poor player does next, of which the first command is executed.

        A fixed function of what stands in the prompt, so that a small model can learn it. The
        first admissible action, unless an author knows a more natural way to play badly.

        Raises:
            ArenaError: If the environment cannot list its admissible actions.
        """
        return self._admissible()[:1]

    def noise(self, rng: random.Random) -> list[str]:
        """Draw two commands that make sense now, only the first of which is executed.

        Raises:
            ArenaError: If the environment cannot list its admissible actions.
        """
        return rng.choices(self._admissible(), k=2)

    def _admissible(self) -> list[str]:
        admissible = self.env.admissible_actions()
        if not admissible:
            name = type(self.env).__name__
            raise ArenaError(f"{name} lists no admissible actions to choose from")
        return admissible
