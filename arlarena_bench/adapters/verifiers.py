"""Environments for verifiers (its `v1` interface): a task set, who plays it, and an agent's loop.

Verifiers finds these three by the name of a module, as docs/ecosystem.md shows.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from arlarena_bench.adapters.chat_episode import ChatEpisode, panel_tasks, protocol
from arlarena_bench.needed import needed
from arlarena_bench.streams import python_stream

with needed("pip install 'arlarena-bench[verifiers]'"):
    import httpx
    import verifiers.v1 as vf
    from verifiers.v1.dialects.chat import message_to_wire
    from verifiers.v1.runtimes import ProgramResult

TRAIN = "train"


class ArlarenaConfig(vf.TasksetConfig):
    """Which tasks.

    Attributes:
        environment: Short name or id.
        split: `"validation"` or `"test"`, a frozen panel; `"train"`, drawn and never held out.
        tasks: How many; None for the whole panel, or 1,000 to train on.
        seed: Of the draw.
        preset: Whose protocol the environment has; None for its own.
    """

    environment: str = ""  # the package makes one before it has read what is asked for
    split: str = "test"
    tasks: int | None = None
    seed: int = 0
    preset: str | None = None


class ArlarenaData(vf.TaskData):
    """One task: its `name` is our id.

    Attributes:
        environment: Short name or id.
        preset: Whose protocol it has; None for its own.
        conversation: Whether a turn goes on with what was said, not by a prompt of its own.
    """

    environment: str
    preset: str | None
    conversation: bool


class ArlarenaTask(vf.Task[ArlarenaData]):
    """A task, which the environment itself scores."""


class ArlarenaTaskset(vf.Taskset[ArlarenaTask, ArlarenaConfig]):
    """The tasks of one environment."""

    def load(self) -> Iterator[ArlarenaTask]:
        """Yield them in the panel's order, or as they are drawn."""
        config = self.config
        env = protocol(config.environment, config.preset)
        for task_id in _tasks(env.game, config):
            prompt, _ = env.reset(options={"task_id": task_id})
            data = ArlarenaData(
                name=task_id,
                prompt=prompt,
                environment=config.environment,
                preset=config.preset,
                conversation=env.game.transcript,
            )
            yield ArlarenaTask(data, config.task)


def _tasks(game: Any, config: ArlarenaConfig) -> list[str]:
    if config.split != TRAIN:
        return [*panel_tasks(game.tasks, config.split, config.tasks)]
    draws = python_stream(config.seed, "verifiers", config.environment)
    return [game.sample_task(draws) for _ in range(config.tasks or 1000)]


class ArlarenaEnvConfig(vf.EnvConfig):
    """The one who plays, on this machine."""

    player: vf.AgentConfig = vf.AgentConfig(runtime={"type": "subprocess"})


class ArlarenaEnv(vf.Env[ArlarenaEnvConfig]):
    """Plays episodes: each reply is a turn under our protocol, and the return is the reward."""

    async def run(self, task: ArlarenaTask, agents: Any) -> None:
        """Play one episode, and record what it has come to."""
        data = task.data
        # Environments may compute or run programs: not in the loop that all episodes share.
        episode = await asyncio.to_thread(ChatEpisode, data.environment, data.preset)
        await asyncio.to_thread(episode.begin, data.name)
        async with agents.player.interaction(task) as interaction:
            segment = await interaction.turn()
            while not segment.terminated:
                asked = await asyncio.to_thread(episode.answer, _reply(segment))
                if episode.over:
                    break
                segment = await interaction.turn(asked)
        trace, outcome = interaction.trace, episode.outcome
        trace.record_reward("return", outcome.pop("reward"))
        trace.record_metrics(outcome)


def _reply(segment: Any) -> str:
    """Return a reply as it was said: the package's own `last_reply` loses spaces around it."""
    return next((m.content or "" for m in reversed(segment.messages) if m.role == "assistant"), "")


class PromptConfig(vf.HarnessConfig):
    """Nothing to choose."""


class PromptHarness(vf.Harness[PromptConfig]):
    """Asks a model in this process, which needs no program, no container and no network.

    Where every turn has a prompt of its own, the model reads that alone; a conversation goes on.
    """

    APPENDS_SYSTEM_PROMPT = True
    SUPPORTS_RESUME = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: Any,
        trace: Any,
        runtime: Any,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: ArlarenaData,
    ) -> ProgramResult:
        """Ask once; the package's own server between us and the model keeps the answer."""
        told = data.prompt
        messages = (
            [{"role": "user", "content": told}]
            if isinstance(told, str)
            else [message_to_wire(message) for message in told]
        )
        if not data.conversation:
            messages = messages[-1:]
        async with httpx.AsyncClient(timeout=None) as client:
            answer = await client.post(
                f"{endpoint}/chat/completions",
                json={"model": ctx.model, "messages": messages},
                headers={"Authorization": f"Bearer {secret}"},
            )
        return ProgramResult(0 if answer.is_success else 1, "", answer.text)


__all__ = ["ArlarenaEnv", "ArlarenaTaskset", "PromptHarness"]
