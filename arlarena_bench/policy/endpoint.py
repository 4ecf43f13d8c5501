"""A model behind an OpenAI-compatible server as a sampler."""

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from threading import Event, Lock
from typing import Any

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.budget import Budget, Spending
from arlarena_bench.policy.chat_client import (
    NEWER_LIMIT,
    ChatClient,
    Completion,
    Message,
    UnansweredError,
)
from arlarena_bench.policy.request_log import Exchange, RequestLog
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import ChatSection, digest
from arlarena_bench.streams import Stream, stream_seed

TEMPLATE = "chat_template_kwargs"  # how vLLM, SGLang and llama.cpp take a template's switches
# What a recipe asks for, with the value at which its absence changes nothing.
NEUTRAL = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, TEMPLATE: {"enable_thinking": False}}
LIMIT = "max_tokens"
LONGEST_WAIT = 600.0  # seconds; a server that asks for more is not waited for
STRIKES = 8  # so many asks in a row without a reply, and the server counts as gone
FIRST_TRIES = 2  # of a connection to a server that has answered nothing yet
MESSAGE_TOKENS = 64  # what a chat template adds to a message, at most


@dataclass(frozen=True, slots=True)
class Said(Generation):
    """A reply of a chat.

    Attributes:
        messages: The chat, this reply included.
    """

    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is tried, and how long it waits in between.

    Before try n + 1 it waits `base` · 2ⁿ⁻¹ seconds, `longest` at most, of which a random half is
    taken off, or as long as the server asks for, if that is longer.
    """

    tries: int = 6
    base: float = 1.0
    longest: float = 60.0


class Endpoint:
    """Asks a server, several requests at a time, and never twice for the same reply.

    A reply that cannot be had is a generation with a `failure`.

    Args:
        client: One server and model.
        log: Where replies are kept, and found again.
        budget: What may be spent.
        retries: What is done about requests that fail.
        concurrency: Requests in flight.
        on_exchange: Called after each request, from any thread.
        chat: The recipe's; the chat template is the server's own.
    """

    def __init__(
        self,
        client: ChatClient,
        log: RequestLog,
        budget: Budget,
        retries: Retries,
        concurrency: int,
        on_exchange: Callable[[], None] = lambda: None,
        chat: ChatSection | None = None,
    ) -> None:
        self._client = client
        self._log = log
        self._budget = budget
        self._retries = retries
        self._concurrency = concurrency
        self._on_exchange = on_exchange
        self._chat = chat or ChatSection()
        self._stop = Event()
        self._lock = Lock()
        self._strikes = 0
        self._gone = ""
        self._asked: dict[str, None] = {}
        # What an earlier command has learned of the server, this one need not ask again.
        here = client.base_url, client.model
        earlier = [each for each in log if (each.base_url, each.request.get("model")) == here]
        self._refused = {name for each in earlier for name in each.refused}

    @property
    def base_url(self) -> str:
        """The server's address."""
        return self._client.base_url

    @property
    def exchanges(self) -> list[Exchange]:
        """All about what was asked so far, of earlier commands included."""
        return self._log.of(self._asked)

    def sample(
        self, asks: Sequence[Ask], sampling: Sampling, streams: Sequence[Stream]
    ) -> list[Generation]:
        """Ask for one reply an ask.

        Raises:
            ArenaError: If the server answers nobody like us (a wrong key, an unknown model), or
                cannot be reached at all.
        """
        with ThreadPoolExecutor(self._concurrency) as pool:
            futures = [
                pool.submit(self._answer, ask, sampling, stream)
                for ask, stream in zip(asks, streams, strict=True)
            ]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                self._stop.set()
                self._budget.close("interrupted")
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [future.result() for future in futures]

    def _answer(self, ask: Ask, sampling: Sampling, stream: Stream) -> Generation:
        messages = _messages(ask, self._chat.system)
        settings = _settings(sampling, stream) | {
            TEMPLATE: {"enable_thinking": self._chat.thinking}
        }
        asked = {"messages": messages, "settings": settings, "model": self._client.model}
        key = digest({**asked, "base_url": self._client.base_url, "stream": stream.name})
        with self._lock:
            self._asked[key] = None
        found = self._log.answer(key)
        try:
            reply = found.reply if found else self._ask(key, messages, settings, stream)
        except UnansweredError as error:
            return Said("", failure=error.reason)
        text = _cut(reply or "", ask.complete)
        return Said(text, messages=(*messages, {"role": "assistant", "content": text}))

    def _ask(
        self, key: str, messages: list[Message], settings: dict[str, Any], stream: Stream
    ) -> str:
        """Ask until there is a reply, or no hope for one.

        Raises:
            UnansweredError: If there is none.
            ArenaError: If there has never been a server.
        """
        jitter = stream.sub("retries").python()
        tries = 0
        while True:
            if self._gone:
                raise UnansweredError(self._gone)
            try:
                completion = self._once(key, messages, settings, stream)
            except UnansweredError as error:
                if error.unsupported is not None and self._refuse(error.unsupported):
                    continue
                tries += 1
                if error.unreached and tries >= FIRST_TRIES and not self._client.answered:
                    raise ArenaError(
                        f"{self.base_url} cannot be reached ({error.reason}); check the network, "
                        "or give the server's address as --base-url"
                    ) from None
                if not error.again or tries == self._retries.tries or error.wait > LONGEST_WAIT:
                    self._strike(error)
                    raise
                pause = min(self._retries.longest, self._retries.base * 2.0 ** (tries - 1))
                self._stop.wait(max(error.wait, pause * jitter.uniform(0.5, 1.0)))
            else:
                with self._lock:
                    self._strikes = 0
                return completion.text

    def _once(
        self, key: str, messages: list[Message], settings: dict[str, Any], stream: Stream
    ) -> Completion:
        """Send one request, within the budget, and keep what came of it."""
        sent = self._taken(settings)
        most = Spending(1, _most_tokens(messages), settings[LIMIT])
        if not self._budget.admit(most):
            raise UnansweredError(self._budget.exceeded)
        record: dict[str, Any] = {"request": {"model": self._client.model, **sent}}
        spent = Spending(1)
        began = time.monotonic()
        try:
            completion = self._client.complete(messages, sent)
            spent = _spending(completion, most)
            record |= asdict(completion) | {"reply": None}
            _check_length(completion, settings[LIMIT])
            record["reply"] = completion.text
            record["request"] |= {"messages": messages}
            return completion
        except Exception as error:
            ours = isinstance(error, UnansweredError | ArenaError)
            record["error"] = str(error) if ours else type(error).__name__
            raise
        finally:
            self._budget.settle(most, spent)
            record.pop("text", None)
            exchange = Exchange(
                key=key,
                stream=stream.name,
                base_url=self._client.base_url,
                refused=[name for name in settings if name not in sent],
                left_out=[name for name in NEUTRAL if _is_left_out(name, settings, sent)],
                seconds=round(time.monotonic() - began, 3),
                **record,
            )
            self._log.append(exchange)
            self._on_exchange()

    def _taken(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return those settings that the server takes, under the names by which it does."""
        with self._lock:
            refused = set(self._refused)
        sent = {name: value for name, value in settings.items() if name not in refused}
        if LIMIT in refused:
            sent[NEWER_LIMIT] = settings[LIMIT]
        return sent

    def _refuse(self, name: str) -> bool:
        """Do without a setting from now on; False if it cannot be done without."""
        with self._lock:
            if name == NEWER_LIMIT:
                return False
            self._refused.add(name)
            return True

    def _strike(self, error: UnansweredError) -> None:
        """Note that an ask has no reply; after several in a row nobody else need wait."""
        if not error.again:
            return
        with self._lock:
            self._strikes += 1
            if self._strikes >= STRIKES:
                self._gone = f"the server had no reply {STRIKES} times in a row ({error.reason})"


def _messages(ask: Ask, system: str | None) -> list[Message]:
    """Return the chat that asks; a prompt that follows no reply of ours begins one."""
    if isinstance(ask.follows, Said):
        return [*ask.follows.messages, {"role": "user", "content": ask.added}]
    opening = [] if system is None else [{"role": "system", "content": system}]
    return [*opening, {"role": "user", "content": ask.prompt}]


def _settings(sampling: Sampling, stream: Stream) -> dict[str, Any]:
    """Return how a reply is drawn, all of it: servers have defaults of their own."""
    settings: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        LIMIT: sampling.max_new_tokens,
    }
    if sampling.temperature:
        settings["seed"] = stream_seed(stream.name) >> 32  # some servers read 31 bits
    return settings


def _is_left_out(name: str, settings: dict[str, Any], sent: dict[str, Any]) -> bool:
    return name not in sent and settings[name] != NEUTRAL[name]


def _most_tokens(messages: Sequence[Message]) -> int:
    """Return a bound on the tokens of a chat, of which none is shorter than a byte."""
    return sum(
        MESSAGE_TOKENS + len(message["content"].encode(errors="replace")) for message in messages
    )


def _check_length(completion: Completion, limit: int) -> None:
    tokens = completion.reply_tokens
    if tokens is not None and tokens > limit:
        raise UnansweredError(f"a reply of {tokens} tokens, where at most {limit} were asked for")


def _spending(completion: Completion, most: Spending) -> Spending:
    """Return what a reply took; what the server does not say, is taken to be the most."""
    prompt, reply = completion.prompt_tokens, completion.reply_tokens
    return Spending(
        1,
        most.prompt_tokens if prompt is None else prompt,
        most.reply_tokens if reply is None else reply,
    )


def _cut(text: str, complete: Callable[[str], bool] | None) -> str:
    """Return a reply up to where nothing that follows counts, as one that is sampled here ends."""
    if complete is None or not complete(text):
        return text
    return text[: bisect_left(range(len(text)), True, key=lambda end: complete(text[:end]))]
