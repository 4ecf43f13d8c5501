"""An environment behind OpenEnv's server, for its clients."""

from functools import partial
from typing import Any

from arlarena_bench.adapters.chat_episode import ChatEpisode, protocol
from arlarena_bench.needed import needed

with needed("pip install 'arlarena-bench[openenv]'"):
    from openenv.core.env_server import (
        Action,
        Environment,
        Observation,
        State,
        create_fastapi_app,
    )


class ReplyAction(Action):
    """What an agent answers, tags included."""

    reply: str


class PromptObservation(Observation):
    """What an agent is asked next, and how the last turn went; `done` and `reward` beside it.

    Attributes:
        message: The prompt; where the environment is a conversation, what it adds to that.
        task_id: The task.
        success: Whether it is solved.
        score: Quality of the outcome in [0, 1].
        format_valid: Whether the last reply had the strict form.
        action_valid: Whether it also named an admissible action.
        penalty: What the turn lost, which `reward` has lost already.
        admissible_actions: What can be done now, None where that cannot be listed.
    """

    message: str
    task_id: str
    success: bool
    score: float
    format_valid: bool
    action_valid: bool
    penalty: float
    admissible_actions: list[str] | None


class OpenEnvironment(Environment):
    """An environment of ours as a session of the server plays it.

    Args:
        environment: Short name or id.
        preset: Whose protocol it has; None for its own.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, environment: str, preset: str | None = None) -> None:
        super().__init__()
        self._episode = ChatEpisode(environment, preset)
        self._id: str | None = None

    def reset(
        self,
        seed: int | None = None,
        episode_id: str | None = None,
        task_id: str | None = None,
        **_: Any,
    ) -> PromptObservation:
        """Begin a task, or a training task drawn from the seed."""
        message = self._episode.begin(task_id, seed)
        self._id = episode_id
        return self._asked(message, None)

    def step(
        self, action: ReplyAction, timeout_s: float | None = None, **_: Any
    ) -> PromptObservation:
        """Take a turn; after the end of an episode nothing is paid."""
        before = self._episode.reward
        message = self._episode.answer(action.reply)
        return self._asked(message, self._episode.reward - before)

    @property
    def state(self) -> State:
        """Which episode this is, its task and how many turns it has had."""
        episode = self._episode
        return State(
            episode_id=self._id,
            step_count=len(episode.replies),
            task_id=episode.info.get("task_id"),
        )

    def _asked(self, message: str, reward: float | None) -> PromptObservation:
        told = {name: self._episode.info[name] for name in TOLD}
        return PromptObservation(message=message, reward=reward, done=self._episode.over, **told)


TOLD = sorted(PromptObservation.model_fields.keys() - Observation.model_fields.keys() - {"message"})
"""What an observation takes from the protocol's info."""


def app(environment: str, preset: str | None = None, sessions: int = 64) -> Any:
    """Return a FastAPI application that serves an environment, one episode a session.

    Args:
        environment: Short name or id.
        preset: Whose protocol it has; None for its own.
        sessions: Most clients at a time.

    Raises:
        ArenaError: If there is no such environment or preset.
    """
    protocol(environment, preset)  # a wrong name is an error here, not of every session
    make = partial(OpenEnvironment, environment, preset)
    return create_fastapi_app(make, ReplyAction, PromptObservation, max_concurrent_envs=sessions)
