"""A person plays an environment in the terminal, under the agent's own rules."""

import random
from collections.abc import Callable

import gymnasium as gym
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from arlarena_bench.errors import ArenaError, nearest
from arlarena_bench.harness.keys import END, Input
from arlarena_bench.text_env import TextEnv

WIDTH = 80
SHORTCUTS = {"p": "prompt", "h": "hint", "n": "new", "q": "quit"}


class Session:
    """One person at one environment.

    Args:
        env: Agent-facing environment, as `gymnasium.make` gives it.
        console: Where pages are shown; on a terminal each replaces the one before.
        task_id: First task; drawn at random if None.
        rng: Draws tasks.

    Raises:
        ArenaError: If `env` is no text environment, or there is no such task.
    """

    def __init__(
        self, env: gym.Env[str, str], console: Console, task_id: str | None, rng: random.Random
    ) -> None:
        game = env.unwrapped
        if not isinstance(game, TextEnv):
            raise ArenaError(f"{type(game).__name__} is no text environment; see `arlarena list`")
        self._env = env
        self.game = game
        self._console = console
        self._rng = rng
        self._commands: dict[str, Callable[[], None]] = {
            "prompt": self._show_prompt,
            "hint": self._hint,
            "new": self._new_task,
        }
        self._begin(task_id or game.sample_task(rng))

    def run(self, source: Input) -> None:
        """Show pages and take commands until `quit` or the end of the input."""
        self._show_page()
        while (word := self._read(source)) != END:
            if word in self._commands and word not in self._actions():
                self._commands[word]()
                continue
            if self._ended:
                self._note = "the episode has ended: n for a new task, q to quit"
            elif word and (command := self.game.view.command(word)) is not None:
                self._act(command)
            else:
                self._note = f"no action {word!r}{nearest(word, self._actions())}" if word else ""
            self._show_page()

    def _read(self, source: Input) -> str:
        """Return an action, or a command of the session spelt out."""
        if self._console.is_terminal:
            self._console.print("> ", end="")
        game = self.game
        first_letters = {action[0] for action in self._actions() if action}
        typing = not self._ended and (game.view.free_text or game.admissible_actions() is None)
        at_once = set() if typing else SHORTCUTS.keys() - first_letters
        word = source.read(at_once)
        return word if word in self._actions() else SHORTCUTS.get(word.lower(), word)

    def _begin(self, task_id: str) -> None:
        self._prompt, self._info = self._env.reset(options={"task_id": task_id})
        self._return = 0.0
        self._ended = False
        self._note = ""

    def _new_task(self) -> None:
        self._begin(self.game.sample_task(self._rng))
        self._show_page()

    def _act(self, command: str) -> None:
        reply = self.game.reply_format.write("", command)
        self._prompt, _, terminated, truncated, self._info = self._env.step(reply)
        self._return += self._info["env_reward"]
        self._ended = terminated or truncated
        self._note = f"reward {self._info['env_reward']:+.1f}"
        if self._info["success"]:
            self._note += f"; solved in {self.game.turns} turns"
        elif self._ended:
            self._note += "; out of turns" if truncated else "; the episode has ended"

    def _hint(self) -> None:
        plan = [] if self._ended else self.game.demonstrator.oracle()
        self._note = (
            f"hint: {plan[0]} ({len(plan)} to go)" if plan else "no plan leads on from here"
        )
        self._show_page()

    def _actions(self) -> list[str]:
        return [] if self._ended else [a.lower() for a in self.game.admissible_actions() or []]

    def _show_page(self) -> None:
        facts = (
            f"turn {self.game.turns}/{self.game.horizon}   return {self._return:.1f}   {self._note}"
        )
        actions = ", ".join(self._actions()) or ("none" if self._ended else "any words")
        self._show(
            Text(self.game.instruction),
            Padding(self.game.view.page(), (1, 0)),
            Text(facts.rstrip()),
            Text(f"actions: {actions}", style="dim"),
        )

    def _show_prompt(self) -> None:
        self._show(Text(self._prompt))

    def _show(self, *parts: RenderableType) -> None:
        if self._console.is_terminal:
            self._console.clear()
        page = Panel(
            Group(*parts),
            title=Text(f"{self._env.spec.id if self._env.spec else ''}  {self._info['task_id']}"),
            subtitle="arrows or words   p prompt   h hint   n new task   q quit",
            width=min(WIDTH, self._console.width),
            padding=(1, 2),
        )
        self._console.print(page)
