"""One episode at a time, for whoever answers one prompt at a time and lets others wait."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from arlarena_bench.episode import Episode, Generation
from arlarena_bench.policy.chat import Chat
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.reply import ReplyFormat
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.rollout import add_turn

Answer = Callable[[tuple[int, ...]], Awaitable[Generation]]
Done = TypeVar("Done")


class Played(NamedTuple):
    """An episode, and the CPU seconds that its environment took."""

    episode: Episode
    seconds: float


class Seats:
    """The environments of one process, made as they are needed and kept.

    Args:
        recipe: Names the environment, the protocol and the chat.
        tokenizer: The model's.
        ends: Tokens that end a reply, beside the tokenizer's own.
    """

    def __init__(self, recipe: Recipe, tokenizer: Any, ends: Sequence[int] = ()) -> None:
        self.recipe = recipe
        self._tokenizer = tokenizer
        self._free: list[AgentProtocol] = []
        self._chat = Chat(tokenizer, recipe.protocol.chat)
        self._ends = (tokenizer.eos_token_id, *ends)

    async def play(self, task_id: str, answer: Answer) -> Played:
        """Play a task to its end; its turns keep their tokens as they were answered.

        Of a reply that its format calls complete, what was answered behind that is dropped.

        Args:
            task_id: The task.
            answer: Replies to the token ids of a prompt; in a conversation, of all before it.
        """
        with self._seat() as env:
            return await self._play(env, task_id, answer)

    @contextmanager
    def _seat(self) -> Iterator[AgentProtocol]:
        env = self._free.pop() if self._free else make_environment(self.recipe)
        yield env
        self._free.append(env)  # one that has failed is not used again

    async def _play(self, env: AgentProtocol, task_id: str, answer: Answer) -> Played:
        # A sandbox or a large catalogue may take its time, in which others are answered.
        (prompt, info), seconds = await asyncio.to_thread(
            _timed, partial(env.reset, options={"task_id": task_id})
        )
        game = env.game
        cluster = game.tasks.cluster(task_id)
        episode = Episode(task_id, 0, cluster=cluster, transcript=game.transcript)
        ids, cut = self._opening(prompt)
        while True:
            reply = replace(self._counting(await answer(ids), game.reply_format), cut=cut)
            asked, before = prompt, info
            stepped, taken = await asyncio.to_thread(_timed, partial(env.step, reply.text))
            prompt, _, terminated, truncated, info = stepped
            seconds += taken
            add_turn(episode, asked, reply, before, info)
            if terminated or truncated:
                return Played(episode, seconds)
            if episode.transcript:
                ids, cut = self._chat.going_on(reply, info["observation"], self._ends), 0
            else:
                ids, cut = self._opening(prompt)

    def _counting(self, reply: Generation, form: ReplyFormat) -> Generation:
        """Return a reply up to the token that made it complete in its format's eyes."""
        if not form.closes:
            return reply
        for length in range(1, len(reply.reply_ids)):
            ids = reply.reply_ids[:length]
            text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
            if form.complete(text):
                return replace(reply, text=text, reply_ids=ids, log_probs=reply.log_probs[:length])
        return reply

    def _opening(self, prompt: str) -> tuple[tuple[int, ...], int]:
        whole: Sequence[int] = self._chat.prompts([prompt])[0]
        fitting = self._chat.fitting(whole)
        return fitting, len(whole) - len(fitting)


def _timed(work: Callable[[], Done]) -> tuple[Done, float]:
    """Return what work returns, and the CPU seconds that it took in this thread."""
    began = time.thread_time()
    return work(), time.thread_time() - began
