"""The smallest real `TextEnv`: walk along a corridor to its door."""

import random

from arlarena_bench.errors import ArenaError
from arlarena_bench.panel import Panel
from arlarena_bench.registration import register_text_env
from arlarena_bench.text_env import TextEnv

ID = "tests/Corridor-v0"
MOVES = {"left": -1, "right": 1}


class Corridor(TextEnv):
    """Tasks are named by the distance to the door, `"1"` to `"9"`; at the wall, `left` is out."""

    def __init__(self, *, horizon: int = 6, listed: bool = True, render_mode: str | None = None):
        super().__init__(horizon=horizon, render_mode=render_mode)
        self.listed = listed
        self.listings = 0
        self.distance = 0
        self.position = 0

    def load(self, task_id: str) -> None:
        if task_id not in self.panel("train").task_ids:
            raise ArenaError(f"no corridor {task_id!r}")
        self.distance = int(task_id)
        self.position = 0

    def observe(self) -> str:
        return f"step {self.position} of {self.distance}"

    def act(self, command: str) -> float:
        self.position = max(0, self.position + MOVES.get(command, 0))
        return 10.0 if self.success else -0.1

    @property
    def instruction(self) -> str:
        return "reach the door"

    @property
    def success(self) -> bool:
        return self.position == self.distance

    def admissible_actions(self) -> list[str] | None:
        self.listings += 1
        if not self.listed:
            return None
        return ["left", "right"] if self.position else ["right"]

    def oracle(self) -> list[str]:
        return ["right"] * (self.distance - self.position)

    def panel(self, split: str) -> Panel:
        if split != "train":
            return super().panel(split)
        return Panel("corridor/train", split, tuple("123456789"), "")

    def sample_task(self, rng: random.Random) -> str:
        # No task that one step ends: Gymnasium's checker wants episodes to go on.
        return rng.choice("3456789")


register_text_env(ID, f"{__name__}:Corridor")
