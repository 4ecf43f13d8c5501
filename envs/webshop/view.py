"""How a person shops at a terminal."""

from typing import TYPE_CHECKING

from rich.console import RenderableType

from arlarena_bench.terminal_view import TerminalView

from . import page
from .mini import compact

if TYPE_CHECKING:
    from .env import WebShopEnv


class View(TerminalView):
    """Pages laid out for a terminal; labels and plain words stand for actions."""

    env: "WebShopEnv"
    free_text = True

    def page(self) -> RenderableType:
        """Return the page laid out for a terminal."""
        return super().page() if self.env.is_compact else page.show(self.env.visit)

    def command(self, words: str) -> str | None:
        """Return an action that the shop accepts, or the one meant by a label or by plain words."""
        visit = self.env.visit
        if self.env.is_compact:
            return words if visit.accepts(compact.translate(words, visit)) else None
        meant = [words, f"click[{words}]"]
        if visit.available_actions["has_search_bar"] and "[" not in words:
            meant.append(f"search[{words}]")
        return next((action for action in meant if visit.accepts(action)), None)
