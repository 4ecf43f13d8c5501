"""`TextEnv`: what an environment author writes."""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, final

import gymnasium as gym
from gymnasium.error import ResetNeeded

from arlarena_bench.demonstrator import Demonstrator
from arlarena_bench.ended import EndedEpisode, StepResult
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.protocol.prompt import PromptTemplate
from arlarena_bench.protocol.reply import ReplyFormat, Tagged
from arlarena_bench.scene import Scene, SceneText
from arlarena_bench.task_set import TaskSet
from arlarena_bench.terminal_view import TerminalView
from arlarena_bench.text_space import TextSpace


class TextEnv(gym.Env[str, str], ABC):
    """A Gymnasium environment whose observations and actions are plain text.

    An author writes `load`, `observe`, `act`, `instruction` and `success`, and names a `TaskSet`;
    the rest has defaults. The same `(parameters, task_id, commands)` must give the same bytes in
    any process. docs/environments.md has a complete one.

    Args:
        tasks: The tasks that there are.
        horizon: Number of turns after which an episode is truncated.
        render_mode: One of `metadata["render_modes"]` or None.

    Attributes:
        demonstrator_class: Who plays it for hints and demonstrations.
        view_class: How a person sees it.
        template: The prompt's text, unless a recipe brings its own.
        reply_format: The form of the agent's replies.
        transcript: False where every turn has a prompt of its own. True where one conversation
            goes on: the first observation is put into the template, and each later one is what
            the environment writes behind the reply. A row of training is then a trajectory.
        longest_prompt: Characters; a prompt that would be longer shows no history.
        protocol_arguments: What `gymnasium.make` was told about the protocol around it.

    Raises:
        ArenaError: If the horizon is not positive or the render mode is unknown.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012, Gymnasium declares it so
    demonstrator_class: ClassVar[type[Demonstrator]] = Demonstrator
    view_class: ClassVar[type[TerminalView]] = TerminalView
    template = PromptTemplate()
    reply_format: ReplyFormat = Tagged()
    transcript = False
    longest_prompt: int | None = None
    protocol_arguments: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, *, tasks: TaskSet, horizon: int, render_mode: str | None = None) -> None:
        if not isinstance(tasks, TaskSet):
            raise ArenaError(f"tasks must be a TaskSet, got {type(tasks).__name__}")
        if not isinstance(horizon, int) or horizon < 1:
            raise ArenaError(f"horizon must be at least 1, got {horizon!r}")
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise unknown("render mode", render_mode, self.metadata["render_modes"])
        self.tasks = tasks
        self.horizon = horizon
        self.render_mode = render_mode
        self.observation_space = TextSpace()
        self.action_space = TextSpace()
        self.task_id: str | None = None
        self.turns = 0
        self._admissible: list[str] | None = None
        self._ended: EndedEpisode | None = None

    # What an author writes.

    @abstractmethod
    def load(self, task_id: str) -> None:
        """Begin the task; raise `ArenaError` if there is no such task."""

    @abstractmethod
    def observe(self) -> str:
        """Return the current observation."""

    @abstractmethod
    def act(self, command: str) -> float:
        """Execute any string at all and return the reward; an unknown command must not raise."""

    @property
    @abstractmethod
    def instruction(self) -> str:
        """The goal of the current task, in words."""

    @property
    @abstractmethod
    def success(self) -> bool:
        """Whether the task is solved now."""

    @property
    def terminated(self) -> bool:
        """Whether the episode ended by itself; solved, unless an author says otherwise."""
        return self.success

    @property
    def score(self) -> float:
        """Quality of the outcome in [0, 1]; 1 for success, unless an author says otherwise."""
        return float(self.success)

    @property
    def void(self) -> bool:
        """Whether the episode says nothing to learn from; its tokens are then masked."""
        return False

    @property
    def measures(self) -> dict[str, float]:
        """Further numbers about the episode so far, always under the same names."""
        return {}

    @property
    def conditions(self) -> dict[str, str]:
        """What scores depend on beside the task, such as the version of a grader.

        Results keep it, and no table mixes results whose conditions differ.
        """
        return {}

    @property
    def incomparable(self) -> str:
        """Why results under these settings cannot stand on the leaderboard; empty if they can."""
        return ""

    @property
    def outside(self) -> str | None:
        """What the last turn learned from outside, such as a program's output; None if nothing.

        All else follows from task and commands. Results keep it, so that an episode can be
        stepped again without what lies outside.
        """
        return None

    def learned(self, outside: str) -> bool:
        """Return whether the last turn learned what an earlier `outside` says.

        What depends on the machine's speed, such as a program's time being over, may differ.
        """
        return self.outside == outside

    def forget_outside(self) -> None:
        """Ask outside anew from here on; to be overridden where answers are kept."""

    def recall(self, outside: str) -> None:
        """Let the next turn learn this, an earlier `outside`, instead of asking again.

        Raises:
            ArenaError: If it is none of this environment's.
        """
        raise ArenaError(f"{type(self).__name__} learns nothing from outside")

    @property
    def category(self) -> str | None:
        """Which of the environment's types of task this is, for scores by type; None for one."""
        return None

    def anchor(self) -> str:
        """Return the identity of the current state; the observation, unless it hides some."""
        return self.observe()

    def scene(self) -> Scene:
        """Return what a reader of an episode is shown of the state; the observation as text."""
        return (SceneText(self.observe()),)

    def admissible_actions(self) -> list[str] | None:
        """Return every command that makes sense now, or None where they cannot be listed."""
        return None

    def is_valid(self, command: str) -> bool:
        """Return whether the last info listed `command` as admissible, letter case aside."""
        if self._admissible is None:
            return True
        folded = command.casefold()
        return any(folded == action.casefold() for action in self._admissible)

    # What others ask for.

    @cached_property
    def demonstrator(self) -> Demonstrator:
        """Who plays this environment; comes to life when first asked for."""
        demonstrator = self.demonstrator_class(self)
        if self.task_id is not None:
            demonstrator.begin()
        return demonstrator

    @cached_property
    def view(self) -> TerminalView:
        """How a person sees this environment."""
        return self.view_class(self)

    @final
    def sample_task(self, rng: random.Random) -> str:
        """Draw a training task.

        Raises:
            ArenaError: If there is none to draw, or what was drawn is in a frozen panel.
        """
        task_id = self.tasks.draw(rng)
        if self.tasks.is_held_out(task_id):
            raise ArenaError(
                f"{type(self).__name__}: {task_id} was drawn for training and is in a frozen panel "
                f"of {self.tasks.name}; mend {type(self.tasks).__name__}.draw"
            )
        return task_id

    # What Gymnasium asks for.

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Begin a task: `options["task_id"]`, or a training task drawn from `seed`.

        Raises:
            ArenaError: For an unknown option or task, or one that is over before its first turn.
        """
        super().reset(seed=seed)
        options = dict(options or {})
        task_id = options.pop("task_id", None)
        if options:
            raise unknown("reset option", next(iter(options)), ["task_id"])
        if task_id is None:
            task_id = self.sample_task(random.Random(int(self.np_random.integers(2**62))))
        elif not isinstance(task_id, str):
            raise ArenaError(f"task_id must be a string, got {task_id!r}")
        # Until the task stands, there is none to step in.
        self.task_id = None
        self.load(task_id)
        if self.terminated:
            how = "solved" if self.success else "over"
            raise ArenaError(f"task {task_id!r} is {how} before the first turn; nothing to score")
        self.task_id = task_id
        self.turns = 0
        self._ended = None
        if "demonstrator" in self.__dict__:
            self.demonstrator.begin()
        return self.observe(), self._info(action_valid=True)

    def step(self, action: str) -> StepResult:
        """Execute one command; after the end of an episode nothing happens and nothing is paid.

        Raises:
            ResetNeeded: Before the first reset.
            ArenaError: If `action` is not a string.
        """
        if self.task_id is None:
            raise ResetNeeded("call reset() before step()")
        if not isinstance(action, str):
            raise ArenaError(f"an action is a string, got {type(action).__name__}")
        if self._ended is not None:
            return self._ended.step()
        valid = self.is_valid(action)
        reward = float(self.act(action))
        self.turns += 1
        if "demonstrator" in self.__dict__:
            self.demonstrator.see(action)
        terminated = self.terminated
        truncated = not terminated and self.turns >= self.horizon
        info = self._info(action_valid=valid)
        result = self.observe(), reward, terminated, truncated, info
        if terminated or truncated:
            self._ended = EndedEpisode(result)
        return result

    def render(self) -> Any:
        """Return the observation for `"ansi"`, None when no render mode was chosen."""
        return self.observe() if self.render_mode == "ansi" else None

    def _info(self, *, action_valid: bool) -> dict[str, Any]:
        # Kept, so that a step lists the actions once: the next one is judged by what was shown.
        admissible = self._admissible = self.admissible_actions()
        return {
            "task_id": self.task_id,
            "success": self.success,
            "score": self.score,
            "category": self.category,
            "void": self.void,
            "measures": self.measures,
            "outside": self.outside,
            "anchor": self.anchor(),
            "admissible_actions": None if admissible is None else list(admissible),
            "action_valid": action_valid,
        }
