"""The smallest real `TextEnv`: walk along a corridor to its door."""

from arlarena_bench.demonstrator import Demonstrator
from arlarena_bench.errors import ArenaError
from arlarena_bench.registration import register_text_env
from arlarena_bench.task_set import ListedTasks
from arlarena_bench.text_env import TextEnv

ID = "tests/Corridor-v0"
MOVES = {"left": -1, "right": 1}


# Gymnasium's checker wants episodes to go on: no task that one step ends is drawn.
TASKS = ListedTasks("corridor", train="3456789", validation="12")


class Walker(Demonstrator):
    env: "Corridor"

    def oracle(self) -> list[str]:
        return ["right"] * (self.env.distance - self.env.position)


class Corridor(TextEnv):
    """Tasks are named by the distance to the door, `"1"` to `"9"`; at the wall, `left` is out."""

    demonstrator_class = Walker

    def __init__(self, *, horizon: int = 6, listed: bool = True, render_mode: str | None = None):
        super().__init__(tasks=TASKS, horizon=horizon, render_mode=render_mode)
        self.listed = listed
        self.listings = 0
        self.distance = 0
        self.position = 0

    def load(self, task_id: str) -> None:
        if task_id not in list("123456789"):
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


register_text_env(ID, f"{__name__}:Corridor")
