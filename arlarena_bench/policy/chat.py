"""Prompts and conversations as token ids, through a model's chat template where it has one."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from transformers import PreTrainedTokenizerBase

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.model_folder import first_line
from arlarena_bench.recipe import ChatSection

PLAIN = ChatSection()
MARK = "☆"  # stands for a text whose place in a template is looked for


class Chat:
    """What a model reads of a prompt.

    Args:
        tokenizer: The model's; it takes over the template of `settings`.
        settings: The recipe's.

    Raises:
        ArenaError: If the settings need a chat template and there is none.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, settings: ChatSection) -> None:
        if settings.template is not None:
            tokenizer.chat_template = settings.template
        self._tokenizer = tokenizer
        self._settings = settings
        if not tokenizer.chat_template and (settings.thinking or settings.system is not None):
            raise ArenaError(
                "protocol.chat asks for thinking or a system message, but the model has no chat "
                "template; give one as protocol.chat.template"
            )

    def prompts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each prompt.

        Raises:
            ArenaError: If the chat template does not take a single message of a user.
        """
        if not self._tokenizer.chat_template:
            ids: list[list[int]] = self._tokenizer(list(texts))["input_ids"]
            return ids
        return [*self._apply([self._opening(text) for text in texts], return_dict=False)]

    def fitting(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Return a first prompt as the recipe's limit takes it: a longer one without its middle."""
        limit = self._settings.max_prompt_tokens
        if limit is None or len(ids) <= limit:
            return tuple(ids)
        end = limit - limit // 2
        return (*ids[: limit // 2], *ids[-end:])

    def going_on(self, turn: Generation, added: str, ends: Sequence[int]) -> tuple[int, ...]:
        """Return the ids of a conversation that goes on behind `turn` with `added`.

        What was read and sampled before keeps its tokens; with a chat template, `added` is the
        user's next message.

        Args:
            turn: The policy's own.
            added: What is said behind it.
            ends: Tokens that end a reply.

        Raises:
            ArenaError: If the chat template leaves out earlier turns.
        """
        if self._tokenizer.chat_template:
            chat = self._opening("?")
            chat += [{"role": "assistant", "content": MARK}, {"role": "user", "content": added}]
            text: str = self._apply(chat, tokenize=False)
            _, found, added = text.partition(MARK)
            if not found:
                raise ArenaError("the model's chat template leaves out the assistant's turns")
        ids = self._tokenizer(added, add_special_tokens=False)["input_ids"]
        last = turn.reply_ids[-1:]
        if last == tuple(ids[:1]) and set(last) <= set(ends):
            ids = ids[1:]
        return (*turn.prompt_ids, *turn.reply_ids, *ids)

    def end(self, ends: Sequence[int]) -> tuple[int, ...]:
        """Return the token that ends a reply: the template's of `ends`, else the first of them."""
        if self._tokenizer.chat_template:
            chat = [*self._opening("?"), {"role": "assistant", "content": MARK}]
            text: str = self._apply(chat, tokenize=False, add_generation_prompt=False)
            behind = text.partition(MARK)[2]
            ids = self._tokenizer(behind, add_special_tokens=False)["input_ids"]
            if set(ids[:1]) & set(ends):
                return (ids[0],)
        return tuple(ends[:1])

    def _opening(self, text: str) -> list[dict[str, str]]:
        system = self._settings.system
        if system is None:
            return [{"role": "user", "content": text}]
        if not self._takes_system:
            return [{"role": "user", "content": f"{system}\n\n{text}"}]
        return [{"role": "system", "content": system}, {"role": "user", "content": text}]

    @cached_property
    def _takes_system(self) -> bool:
        """Whether the template shows what a system message says."""
        chat = [{"role": "system", "content": MARK}, {"role": "user", "content": "?"}]
        try:
            return MARK in self._apply(chat, tokenize=False)
        except ArenaError:
            return False

    def _apply(self, messages: Any, **form: Any) -> Any:
        """Put messages, or a list of such chats, into the chat template."""
        try:
            return self._tokenizer.apply_chat_template(
                messages,
                enable_thinking=self._settings.thinking,
                **({"add_generation_prompt": True} | form),
            )
        except Exception as error:
            raise ArenaError(
                f"the model's chat template cannot be used: {first_line(error)}"
            ) from error
