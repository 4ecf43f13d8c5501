"""Parts outside this process, and what their failures mean.

An interpreter, a grader or a service may fail of itself, which says nothing about an agent, or
because of what an agent asked of it, which must not stop anybody's run. Whose fault it was shows
when the part is asked something that it is known to answer.
"""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from arlarena_bench.errors import ArenaError

Answer = TypeVar("Answer")

# Seconds before each new try; what takes longer than all of them is an outage.
PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
# So often a question is asked whose part was lost with it, and answered others in between.
STRIKES = 3


class OutageError(ArenaError):
    """A part outside this process does not work; nothing may be scored by it."""


class LostError(Exception):
    """There was no answer, for whatever reason."""


class Part(NamedTuple):
    """Something outside this process.

    Attributes:
        name: What it is called in the line that ends a run.
        advice: What a user can do about it.
        check: Asks what it is known to answer; raises LostError if it does not.
    """

    name: str
    advice: str
    check: Callable[[], None]

    def ask(self, question: Callable[[], Answer]) -> Answer | None:
        """Ask until there is an answer, or it is known why there is none.

        Args:
            question: Returns the answer, or raises LostError.

        Returns:
            The answer; None if the question is to blame: the part was lost with it every time,
            and answered others in between.

        Raises:
            OutageError: If it answers nothing at all.
        """
        for strike in range(STRIKES):
            try:
                return question()
            except LostError as error:
                self.recover(str(error), strike)
        return None

    def recover(self, reason: str, passed: int = 0) -> None:
        """Wait until it answers what it is known to answer.

        Args:
            reason: Why somebody asks.
            passed: How many of the pauses are passed over.

        Raises:
            OutageError: If it does not within all pauses.
        """
        for pause in PAUSES[min(passed, len(PAUSES) - 1) :]:
            time.sleep(pause)
            try:
                self.check()
            except LostError as error:
                reason = str(error)
            else:
                return
        raise OutageError(
            f"{self.name} does not work ({reason}), after {len(PAUSES)} tries; {self.advice}. "
            "Nothing was scored by it; an interrupted run goes on with --resume"
        )
