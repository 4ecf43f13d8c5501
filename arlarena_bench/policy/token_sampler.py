"""A sampler that reads and writes tokens, whatever computes their distribution."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.chat import Chat
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import ChatSection
from arlarena_bench.streams import Stream

Complete = Callable[[str], bool]


class TokenSampler(ABC):
    """A tokenizer with what is known of its model: how it is asked, and where its replies end.

    Args:
        tokenizer: The model's.
        chat: How prompts become a chat.
        vocabulary: How many tokens the model knows.
        context: Longest prompt and reply together, tokens; None where there is no limit.
        ends: Tokens that end a reply, beside the tokenizer's own.

    Attributes:
        tokenizer: As given.
        chat: As given.
        vocabulary: As given.
        context: As given.
        end_ids: Tokens that end a reply, the tokenizer's own first; of some models none.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        chat: ChatSection,
        vocabulary: int,
        context: int | None,
        ends: Sequence[int],
    ) -> None:
        self.tokenizer = tokenizer
        self.chat = chat
        self.vocabulary = vocabulary
        self.context = context
        own = tokenizer.eos_token_id
        self.end_ids = tuple(dict.fromkeys((*([] if own is None else [own]), *ends)))
        self._chat = Chat(tokenizer, chat)

    @abstractmethod
    def generate(
        self,
        prompts: Sequence[tuple[int, ...]],
        sampling: Sampling,
        streams: Sequence[Stream] = (),
        complete: Sequence[Complete | None] = (),
    ) -> list[Generation]:
        """Sample one reply a prompt.

        Args:
            prompts: Token ids, at least two each.
            sampling: How to draw.
            streams: Source of each prompt's draws; not needed at temperature 0.
            complete: Of each prompt, what tells of a reply so far that it needs no end token.

        Raises:
            ArenaError: If a prompt and its reply do not fit into the model's context.
        """

    def sample(
        self, asks: Sequence[Ask], sampling: Sampling, streams: Sequence[Stream]
    ) -> list[Generation]:
        """Sample one reply an ask."""
        fresh = iter(self._whole([ask.prompt for ask in asks if ask.follows is None]))
        prompts = [
            next(fresh) if ask.follows is None else self.extend(ask.follows, ask.added)
            for ask in asks
        ]
        cuts = [0] * len(asks)
        for number, (ask, whole) in enumerate(zip(asks, prompts, strict=True)):
            if ask.follows is None:
                prompts[number] = self._chat.fitting(whole)
                cuts[number] = len(whole) - len(prompts[number])
        replies = self.generate(prompts, sampling, streams, [ask.complete for ask in asks])
        return [
            replace(reply, cut=cut) if cut else reply
            for reply, cut in zip(replies, cuts, strict=True)
        ]

    def encode(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the token ids of each prompt, through the chat template where there is one.

        Raises:
            ArenaError: If the chat template does not take a single message of a user, or the
                tokenizer is another model's.
        """
        return [self._chat.fitting(ids) for ids in self._whole(texts)]

    def _whole(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return []
        ids = self._chat.prompts(distinct)
        by_text = {text: self._known(row) for text, row in zip(distinct, ids, strict=True)}
        return [by_text[text] for text in texts]

    def extend(self, turn: Generation, added: str) -> tuple[int, ...]:
        """Return the ids of a conversation that goes on behind `turn`, as `Chat.going_on` does.

        Raises:
            ArenaError: If the chat template leaves out earlier turns.
        """
        return self._known(self._chat.going_on(turn, added, self.end_ids))

    def reply(self, text: str) -> tuple[int, ...]:
        """Return the ids of a reply that is demonstrated, its end included."""
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return (*self._known(ids), *self._chat.end(self.end_ids))

    def _known(self, ids: Sequence[int]) -> tuple[int, ...]:
        if len(self.tokenizer) > self.vocabulary and max(ids, default=0) >= self.vocabulary:
            raise ArenaError(
                f"the tokenizer writes token {max(ids)}, but the model knows {self.vocabulary} "
                "tokens only; they do not belong together"
            )
        return tuple(ids)

    def texts(self, replies: Sequence[Sequence[int]]) -> list[str]:
        """Return what replies say, without the tokens that end them."""
        said: list[str] = self.tokenizer.batch_decode(replies, skip_special_tokens=True)
        return said

    def check_lengths(self, prompts: Sequence[tuple[int, ...]], new_tokens: int) -> None:
        """Refuse prompts that the model cannot answer.

        Raises:
            ArenaError: If one and its reply do not fit into the context, or it has one token only.
        """
        longest = max(map(len, prompts))
        if self.context is not None and longest + new_tokens > self.context:
            raise ArenaError(
                f"a prompt of {longest} tokens and a reply of {new_tokens} exceed the model's "
                f"{self.context} tokens; shorten the template or the history, or enlarge the "
                "model's max_length"
            )
        if min(map(len, prompts)) < 2:
            raise ArenaError(
                "a prompt has fewer than two tokens; check the recipe's template and the tokenizer"
            )


def context_of(config: Any) -> int | None:
    """Return the longest prompt and reply that a model's configuration allows, None for any."""
    limit: int | None = getattr(config.get_text_config(), "max_position_embeddings", None)
    return limit


def ends_of(*configs: Any) -> list[int]:
    """Return every token that configurations of a model name as an end; None is one without."""
    named = [config.eos_token_id for config in configs if config is not None]
    ends = [end for name in named for end in (name if isinstance(name, list) else [name])]
    return [end for end in ends if end is not None]
