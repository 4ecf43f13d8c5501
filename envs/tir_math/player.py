"""Who writes the programs of demonstrations, and who gets them wrong."""

import re
from random import Random
from typing import TYPE_CHECKING

from arlarena_bench.demonstrator import Demonstrator

from . import panels
from .corruption import corrupted_answer, corrupted_program
from .problems import Draw
from .reply import block, box

if TYPE_CHECKING:
    from .env import TirMathEnv

_NUMBER = re.compile(r"[0-9]+")
# Digits of a number that a careless reader copies.
_COPIED = 3


class Player(Demonstrator):
    """Runs a problem's reference program and copies what it printed."""

    env: "TirMathEnv"

    def oracle(self) -> list[str]:
        """Return the reference program; once it has run, its output as the answer.

        A problem from a file has no program: its answer is returned.
        """
        env = self.env
        if env.terminated:
            return []
        if not env.problem.program:
            return [box(env.problem.answer)]
        return [box(env.output) if env.proved else block(env.problem.program)]

    def expert(self) -> list[str]:
        """Return the oracle's next command; nothing where there is no reference program."""
        return self.oracle() if self.env.problem.program else []

    def habit(self) -> list[str]:
        """Make the usual mistake of such a problem, then copy three digits of what it printed.

        Where no mistake is known, answer with the first number of the problem and run nothing.
        """
        env = self.env
        if env.problem.slip and not env.turns:
            return [block(env.problem.slip)]
        number = _NUMBER.search(env.output if env.turns else env.problem.text)
        return [box(number[0][:_COPIED] if number else "0")]

    def thought(self, plan: list[str]) -> str:
        """Return a demonstration's words before a program or an answer."""
        if plan and "```" in plan[0]:
            return self.env.problem.thought
        return "" if self.env.size == "mini" else "The program has printed the answer."

    def noise(self, rng: Random) -> list[str]:
        """Return a corrupted reference program, or its output with a mistake as the answer."""
        env = self.env
        if not env.problem.program:
            return [box(str(rng.randrange(1000)))]
        if env.proved:
            return [corrupted_answer(env.output, rng)]
        kind = rng.choice(panels.kinds(env.size))
        other = panels.draw_problem(env.size, kind, Draw("other", rng.getrandbits(62)))
        return [corrupted_program(env.problem.program, [other.program], rng)]
