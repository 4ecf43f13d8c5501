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

    def noise(self, rng: random.Random) -> list[str]:
        """Draw two commands that make sense now, only the first of which is executed.

        Raises:
            ArenaError: If the environment cannot list its admissible actions.
        """
        admissible = self.env.admissible_actions()
        if not admissible:
            name = type(self.env).__name__
            raise ArenaError(f"{name} lists no admissible actions to choose from")
        return rng.choices(admissible, k=2)
