"""A task of Inspect for every environment: `inspect eval arlarena_bench/NAME --model …`."""

import asyncio
from typing import Any

from arlarena_bench.adapters.chat_episode import ChatEpisode, Message, panel_tasks, protocol
from arlarena_bench.environment_names import environment_id, environment_names
from arlarena_bench.needed import needed

with needed("pip install 'arlarena-bench[inspect]'"):
    from inspect_ai import Task, task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import (
        ChatMessage,
        ChatMessageAssistant,
        ChatMessageUser,
        get_model,
    )
    from inspect_ai.scorer import Score, Target, accuracy, mean, scorer, stderr
    from inspect_ai.solver import Generate, Solver, TaskState, solver

OUTCOME = "arlarena"  # in the sample's store


def task_of(
    environment: str, split: str = "test", tasks: int | None = None, preset: str | None = None
) -> Task:
    """Return the task that plays a frozen panel.

    Args:
        environment: Short name or id.
        split: `"validation"` or `"test"`.
        tasks: Only the panel's first.
        preset: Whose protocol it has; None for its own.

    Raises:
        ArenaError: If there is no such environment, preset or panel.
    """
    env = protocol(environment, preset)
    panel = env.game.tasks.panel(split)
    ids = panel_tasks(env.game.tasks, split, tasks)
    samples = [Sample(input=env.reset(options={"task_id": i})[0], id=i) for i in ids]
    return Task(
        dataset=MemoryDataset(samples, name=panel.name),
        solver=play(environment, preset),
        scorer=outcome(),
        version=environment_id(environment).rpartition("-v")[2],
        metadata={"panel_sha256": panel.digest, "conditions": env.game.conditions},
    )


@solver
def play(environment: str, preset: str | None = None) -> Solver:
    """Play the sample's task under our protocol, each prompt asked as `arlarena evaluate` does."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        # Environments may compute or run programs: not in the loop that all samples share.
        episode = await asyncio.to_thread(ChatEpisode, environment, preset)
        await asyncio.to_thread(episode.begin, str(state.sample_id))
        model, shown = get_model(), [_message(m) for m in episode.asked]
        while not episode.over:
            state.output = await model.generate([_message(m) for m in episode.asked])
            shown.append(state.output.message)
            asked = await asyncio.to_thread(episode.answer, _reply(state.output.message))
            if not episode.over:
                shown.append(ChatMessageUser(content=asked))
        state.messages = shown
        state.store.set(OUTCOME, episode.outcome)
        state.completed = True
        return state

    return solve


@scorer(metrics={"success": [accuracy(), stderr()], "*": [mean()]})
def outcome() -> Any:
    """Score by what the environment says: success first, then score, return and penalties."""

    async def score(state: TaskState, target: Target) -> Score:
        numbers: dict[str, float] = state.store.get(OUTCOME)
        return Score(value=numbers, answer=state.output.completion)

    return score


def _reply(message: ChatMessageAssistant) -> str:
    """Return a reply as it was said: Inspect takes thoughts out of it, whose tags we ask for."""
    if isinstance(message.content, str):
        return message.content
    return "".join(
        f"<think>{part.reasoning}</think>" if part.type == "reasoning" else part.text
        for part in message.content
        if part.type in ("reasoning", "text")
    )


def _message(message: Message) -> ChatMessage:
    if message["role"] == "assistant":
        return ChatMessageAssistant(content=message["content"])
    return ChatMessageUser(content=message["content"])


def _register(name: str) -> None:
    def made(split: str = "test", tasks: int | None = None, preset: str | None = None) -> Task:
        return task_of(name, split, tasks, preset)

    task(name=name.replace("/", "_"))(made)


for _name in environment_names():
    _register(_name)
