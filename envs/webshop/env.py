"""`arlarena/WebShop-v0` and `arlarena/WebShopMini-v0`."""

import hashlib
import json
from pathlib import Path
from typing import Any

from gymnasium.error import ResetNeeded

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.protocol.prompt import PromptTemplate
from arlarena_bench.scene import Scene
from arlarena_bench.text_env import TextEnv

from .mini import compact
from .mini.tasks import Reduced
from .official import SPLITS as SPLITTINGS
from .pages_drawn import drawn
from .player import Player
from .shop_tasks import ShopTasks
from .sources import CATALOGUES, Invented, Official
from .view import View
from .visit import Visit

REWARD = 10.0
SIZES = ("full", "mini")
HORIZONS = {"full": 15, "mini": 8}
OBSERVATIONS = ("text", "text_rich", "compact")
REWARDS = ("success", "score")
GOALS = ("synthetic", "human")
SEARCH = "search[<your query>]"
# Parts of the reward, under the original's names.
MEASURES = ("r_type", "r_att", "r_option", "r_price", "title_score")

_SEPARATOR = " [SEP] "


class WebShopEnv(TextEnv):
    """Buy what an instruction describes: search, compare, choose options, buy (Yao et al. 2022).

    Tasks: `"train/0000"` …, `"validation/0000"` …, `"test/0000"` … of an invented catalogue; with
    `data`, `"official/<split>/<position>"`. For `size="mini"`, `"train/<n>"` for any n below
    2^62, and frozen panels in shops of their own.

    Args:
        size: `"full"` for 1,200 products, `"mini"` for shops of 128 and few words.
        horizon: Turns after which an episode is truncated; 15, or 8 for `"mini"`.
        observation: `"text"` for the original's text mode as ARLArena puts it into prompts,
            without the instruction; `"text_rich"` for the original's other mode, to the byte;
            `"compact"` for a few words (only with `size="mini"`).
        reward: `"success"` for 10 at a score of exactly 1 and else 0, `"score"` for the score.
        check_actions: Whether a click on something that is not there is an invalid action; by
            default, as in ARLArena, only the form of a reply counts.
        data: Folder of the original's files; replaces the invented catalogue.
        catalogue: With `data`: `"small"` for the files of 1,000 products, `"full"` for all.
        goals: With `data`: `"synthetic"`, or `"human"` for those people wrote.
        splits: With `data`: `"frozen"`, or `"reference"` for the overlapping splits of ARLArena
            and verl-agent, whose results are not `comparable`.
        seed: With `data`: what prices, price limits and the order of goals are drawn from.
        tagger: Which words are nouns for the type reward: `"spacy"`, `"words"` or `"auto"`.
        render_mode: `"ansi"` or None.

    Raises:
        ArenaError: For an unknown setting, or if there are no files at `data`.
    """

    template = PromptTemplate(
        admissible="Admissible actions, with words of your own for <your query>:\n{actions}\n\n"
    )

    longest_prompt = 13_000  # ARLArena's
    demonstrator_class = Player
    view_class = View

    def __init__(
        self,
        size: str = "full",
        horizon: int | None = None,
        observation: str = "text",
        reward: str = "success",
        check_actions: bool = False,
        data: str | Path | None = None,
        catalogue: str = "small",
        goals: str = "synthetic",
        splits: str = "frozen",
        seed: int = 0,
        tagger: str = "auto",
        render_mode: str | None = None,
    ) -> None:
        for kind, name, known in (
            ("size of shop", size, SIZES),
            ("kind of observation", observation, OBSERVATIONS),
            ("kind of reward", reward, REWARDS),
            ("catalogue", catalogue, tuple(CATALOGUES)),
            ("kind of goals", goals, GOALS),
            ("splits", splits, SPLITTINGS),
        ):
            if name not in known:
                raise unknown(kind, name, known)
        if observation == "compact" and size != "mini":
            raise ArenaError("observation='compact' is made for the shop of size='mini'")
        if size == "mini" and data is not None:
            raise ArenaError("data= has no meaning for the shop of size='mini'")
        if size == "mini" and tagger not in ("auto", "words"):
            raise ArenaError(f"the shop of size='mini' has no tagger but 'words', got {tagger!r}")
        if data is None and (catalogue, goals, splits) != ("small", "synthetic", "frozen"):
            raise ArenaError(
                "catalogue=, goals= and splits= need data=, a folder of WebShop's files"
            )
        self.source: ShopTasks
        if data is not None:
            self.source = Official(data, catalogue, goals, splits, seed, tagger)
        else:
            self.source = Reduced() if size == "mini" else Invented(tagger)
        super().__init__(
            tasks=self.source,
            horizon=HORIZONS[size] if horizon is None else horizon,
            render_mode=render_mode,
        )
        self.size = size
        self.observation = observation
        self.dense = reward == "score"
        self.check_actions = check_actions
        self.tried: set[str] = set()
        self._visit: Visit | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """The tagger that scores are computed with."""
        return {"tagger": self.source.tagger}

    @property
    def incomparable(self) -> str:
        """Why results cannot stand on the leaderboard: with the reference splits, they cannot."""
        if self.source.comparable:
            return ""
        return "splits='reference': test goals are also trained on, in the other workers' orders"

    @property
    def visit(self) -> Visit:
        """The visit to the shop that goes on.

        Raises:
            ResetNeeded: Before the first reset.
        """
        if self._visit is None:
            raise ResetNeeded("call reset() first")
        return self._visit

    def load(self, task_id: str) -> None:
        """Begin a task.

        Raises:
            ArenaError: If there is no such task under the parameters of this environment.
        """
        shop, goal = self.source.find(task_id)
        self._visit = shop.open(goal, "text_rich" if self.observation == "text_rich" else "text")
        self.tried = set()

    def observe(self) -> str:
        """Return the page."""
        if self.is_compact:
            return compact.describe(self.visit, self.tried)
        text = self.visit.observation
        if self.observation == "text_rich":
            return text
        # The prompt states the instruction by itself, and history would repeat it.
        head, found, rest = text.partition(f"{self.visit.instruction.strip()}{_SEPARATOR}")
        if not found or not head.endswith(f"Instruction:{_SEPARATOR}"):
            return text
        return _SEPARATOR.join(f"'{part}'" for part in rest.split(_SEPARATOR))

    def scene(self) -> Scene:
        """Return the page in its parts."""
        return drawn(self.visit, self.tried if self.is_compact else None)

    def act(self, command: str) -> float:
        """Take an action; one that the shop does not know changes nothing."""
        if self.visit.outcome is not None:
            return 0.0
        action = compact.translate(command, self.visit) if self.is_compact else command
        self.visit.step(action)
        if self.visit.page == "item" and self.visit.asin is not None:
            self.tried.add(self.visit.asin)
        if self.visit.outcome is None:
            return 0.0
        return self.score if self.dense else REWARD * self.success

    @property
    def instruction(self) -> str:
        """What is to be bought."""
        return self.visit.instruction

    @property
    def success(self) -> bool:
        """Whether what was bought scores 1."""
        return self.visit.outcome is not None and self.visit.outcome["total"] == 1.0

    @property
    def terminated(self) -> bool:
        """Whether something was bought."""
        return self.visit.outcome is not None

    @property
    def score(self) -> float:
        """The score of the purchase; 0 without one."""
        return float(self.visit.outcome["total"]) if self.visit.outcome else 0.0

    @property
    def measures(self) -> dict[str, float]:
        """The parts of the score, 0 without a purchase; options count as met if none are asked."""
        outcome = self.visit.outcome
        if outcome is None:
            return {"bought": 0.0, **dict.fromkeys(MEASURES, 0.0)}
        return {"bought": 1.0, **{name: float(outcome.get(name, 1.0)) for name in MEASURES}}

    @property
    def category(self) -> str:
        """The department of the product that is asked for."""
        category: str = self.visit.goal["category"]
        return category

    def anchor(self) -> str:
        """Return a digest of the goal, the page and the options chosen."""
        visit = self.visit
        options = sorted(visit.options.items())
        state: list[Any] = [visit.instruction, visit.page, visit.keywords, visit.page_number]
        state += [visit.asin, options, sorted(self.tried) if self.is_compact else None]
        return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]

    def admissible_actions(self) -> list[str]:
        """Return what can be clicked; on the page with the search bar, also how to search."""
        if self.is_compact:
            return compact.commands(self.visit)
        if self.visit.outcome is not None:
            return []
        offered = self.visit.available_actions
        clicks = [f"click[{label}]" for label in offered["clickables"] if label != "search"]
        return [SEARCH, *clicks] if offered["has_search_bar"] else clicks

    def is_valid(self, command: str) -> bool:
        """Return True, or with `check_actions` whether the shop does anything with a command."""
        if not self.check_actions:
            return True
        return self.visit.accepts(
            compact.translate(command, self.visit) if self.is_compact else command
        )

    @property
    def is_compact(self) -> bool:
        """Whether pages and commands are in a few words."""
        return self.observation == "compact"
