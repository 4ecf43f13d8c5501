"""`TerminalView`: how a person sees an environment and plays it."""

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

if TYPE_CHECKING:
    from arlarena_bench.text_env import TextEnv


class TerminalView:
    """What stands on the screen, and what is meant by words that a person types.

    Args:
        env: The environment that is played.

    Attributes:
        free_text: Whether a person may type what no list of actions has.
    """

    free_text = False

    def __init__(self, env: "TextEnv") -> None:
        self.env = env

    def page(self) -> RenderableType:
        """Return what is shown now."""
        return Text(self.env.observe(), style="bold")

    def command(self, words: str) -> str | None:
        """Return the command that a person means by what was typed, None if it is none."""
        admissible = self.env.admissible_actions()
        if admissible is None:
            return words
        folded = words.casefold()
        return next((action for action in admissible if action.casefold() == folded), None)
