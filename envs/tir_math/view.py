"""How a person does mathematics at a terminal."""

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from arlarena_bench.terminal_view import TerminalView

if TYPE_CHECKING:
    from .env import TirMathEnv


class View(TerminalView):
    """What was shown last, and what to type or what would have been right."""

    env: "TirMathEnv"

    def page(self) -> RenderableType:
        """Return what is shown now."""
        env = self.env
        if env.terminated:
            return Text(f"The answer is {env.problem.answer}.")
        hint = Text("Type a line of Python to run it, or \\boxed{answer} to answer.", style="dim")
        return Group(Text(env.observe().strip(), style="bold"), hint) if env.turns else hint
