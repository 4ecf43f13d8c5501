"""A causal language model of the transformers library as a policy."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.library import LibraryDecoder
from arlarena_bench.policy.model_folder import first_line, load_folder, quiet
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.probe import check_batching
from arlarena_bench.policy.qwen3 import Qwen3Decoder
from arlarena_bench.policy.sampling import Sampling, draw
from arlarena_bench.streams import Stream, uniforms

Complete = Callable[[str], bool]


class LanguageModel:
    """A model with its tokenizer: a sampler in this process, and logits for updates.

    Both read every distinct prompt once and continue from its keys and values.

    Args:
        model: A causal language model of the transformers library.
        tokenizer: Its tokenizer.

    Attributes:
        end_ids: Tokens that end a reply, the tokenizer's own first; of some models none.
        pad_id: What fills short rows; it is masked everywhere and may be an end token.
        decoder: Computes the model's logits, as the library does or faster.
    """

    def __init__(self, model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self._vocabulary: int = model.get_input_embeddings().weight.shape[0]
        self.decoder: Qwen3Decoder | LibraryDecoder = (
            Qwen3Decoder(model) if Qwen3Decoder.covers(model) else LibraryDecoder(model)
        )
        self.end_ids = _end_ids(model, tokenizer)
        self._ends = torch.tensor(self.end_ids, dtype=torch.long)
        fillers = (tokenizer.pad_token_id, *self.end_ids, 0)
        self.pad_id: int = next(i for i in fillers if i is not None and i < self._vocabulary)

    @classmethod
    def load(cls, folder: Path) -> "LanguageModel":
        """Load an ordinary Hugging Face model folder.

        Raises:
            ArenaError: If the folder does not hold a causal language model and a tokenizer, or
                the model answers otherwise in a padded batch than alone.
        """
        model, tokenizer = load_folder(folder)
        loaded = cls(model, tokenizer)
        check_batching(loaded)
        return loaded

    def copy(self) -> "LanguageModel":
        """Return a model of its own with the same weights; the tokenizer is shared."""
        return LanguageModel(copy.deepcopy(self.model), self.tokenizer)

    def save(self, folder: Path) -> None:
        """Write an ordinary Hugging Face model folder (safetensors)."""
        with quiet():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)

    def encode(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the token ids of each prompt, through the chat template where there is one.

        Raises:
            ArenaError: If the chat template does not take a single message of a user, or the
                tokenizer is another model's.
        """
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return []
        if self.tokenizer.chat_template:
            chats = [[{"role": "user", "content": text}] for text in distinct]
            ids = self._chat(chats, return_dict=False)
        else:
            ids = self.tokenizer(distinct)["input_ids"]
        by_text = {text: self._known(row) for text, row in zip(distinct, ids, strict=True)}
        return [by_text[text] for text in texts]

    def extend(self, turn: Generation, added: str) -> tuple[int, ...]:
        """Return the ids of a conversation that goes on behind `turn` with `added`.

        What was read and sampled before keeps its tokens; with a chat template, `added` is the
        user's next message.

        Raises:
            ArenaError: If the chat template leaves out earlier turns.
        """
        if self.tokenizer.chat_template:
            reply = "☆"  # stands for the turn, of whose own text a template may cut some
            chat = [("user", "?"), ("assistant", reply), ("user", added)]
            messages = [{"role": role, "content": content} for role, content in chat]
            text: str = self._chat(messages, tokenize=False)
            _, found, added = text.partition(reply)
            if not found:
                raise ArenaError("the model's chat template leaves out the assistant's turns")
        ids = self.tokenizer(added, add_special_tokens=False)["input_ids"]
        last = turn.reply_ids[-1:]
        if last == tuple(ids[:1]) and set(last) <= set(self.end_ids):
            ids = ids[1:]
        return (*turn.prompt_ids, *turn.reply_ids, *self._known(ids))

    def _chat(self, messages: Any, **form: Any) -> Any:
        """Put messages, or a list of such chats, into the model's chat template."""
        try:
            return self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, **form)
        except Exception as error:
            raise ArenaError(
                f"the model's chat template cannot be used: {first_line(error)}"
            ) from error

    def _known(self, ids: Sequence[int]) -> tuple[int, ...]:
        if len(self.tokenizer) > self._vocabulary and max(ids, default=0) >= self._vocabulary:
            raise ArenaError(
                f"the tokenizer writes token {max(ids)}, but the model knows {self._vocabulary} "
                "tokens only; they do not belong together"
            )
        return tuple(ids)

    def logits(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor:
        """Return (rows, tokens, vocabulary): the logits that predict each reply token.

        Args:
            prompts: One prompt a row.
            replies: (rows, tokens) reply ids, padded on the right.
        """
        return self.decoder.logits(prompts, replies)

    def sample(
        self, asks: Sequence[Ask], sampling: Sampling, streams: Sequence[Stream]
    ) -> list[Generation]:
        """Sample one reply an ask."""
        fresh = iter(self.encode([ask.prompt for ask in asks if ask.follows is None]))
        prompts = [
            next(fresh) if ask.follows is None else self.extend(ask.follows, ask.added)
            for ask in asks
        ]
        return self.generate(prompts, sampling, streams, [ask.complete for ask in asks])

    @torch.inference_mode()
    def generate(
        self,
        prompts: Sequence[tuple[int, ...]],
        sampling: Sampling,
        streams: Sequence[Stream] = (),
        complete: Sequence[Complete | None] = (),
    ) -> list[Generation]:
        """Sample one reply a prompt; rows that have ended leave the batch.

        Args:
            prompts: Token ids, at least two each.
            sampling: How to draw.
            streams: Source of each prompt's draws, one a token; not needed at temperature 0.
            complete: Of each prompt, what tells of a reply so far that it needs no end token.

        Raises:
            ArenaError: If a prompt and its reply do not fit into the model's context.
        """
        self._check_lengths(prompts, sampling.max_new_tokens)
        packed = PaddedPrompts.pack(prompts, self.pad_id)
        rows = self.decoder.start(packed, sampling.max_new_tokens)
        tokens = packed.ids[packed.index, -1:]
        active = torch.arange(len(prompts))
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        written: list[list[int]] = [[] for _ in prompts]
        numbers = uniforms(streams, sampling.max_new_tokens) if sampling.temperature else None
        for step in range(sampling.max_new_tokens):
            drawn = None if numbers is None else numbers[active, step]
            tokens, log_probs, entropy = draw(rows.step(tokens), sampling, drawn)
            steps.append((active, tokens[:, 0], log_probs, entropy))
            goes_on = torch.isin(tokens[:, 0], self._ends, invert=True)
            if any(complete):
                closed = self._closed(written, active, tokens, complete)
                goes_on &= ~torch.tensor(closed)
            going = goes_on.nonzero()[:, 0]
            if len(going) == 0:
                break
            if len(going) < len(active):
                active, tokens = active[going], tokens[going]
                rows.select(going)
        return self._collect(prompts, steps)

    def _closed(
        self,
        written: list[list[int]],
        active: Tensor,
        tokens: Tensor,
        complete: Sequence[Complete | None],
    ) -> list[bool]:
        """Note the newest token of each active row; return which replies need no more."""
        rows = active.tolist()
        for row, token in zip(rows, tokens[:, 0].tolist(), strict=True):
            written[row].append(token)
        texts = self.tokenizer.batch_decode(
            [written[row] for row in rows], skip_special_tokens=True
        )
        told = [complete[row] for row in rows]
        return [tells is not None and tells(text) for tells, text in zip(told, texts, strict=True)]

    def _collect(
        self,
        prompts: Sequence[tuple[int, ...]],
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor]],
    ) -> list[Generation]:
        ids: list[list[int]] = [[] for _ in prompts]
        log_probs: list[list[float]] = [[] for _ in prompts]
        entropy: list[list[float]] = [[] for _ in prompts]
        for step in steps:
            columns = (column.tolist() for column in step)
            for row, token, log_prob, spread in zip(*columns, strict=True):
                ids[row].append(token)
                log_probs[row].append(log_prob)
                entropy[row].append(spread)
        texts = self.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return [
            Generation(text, prompt, tuple(reply), tuple(logs), tuple(spreads))
            for text, prompt, reply, logs, spreads in zip(
                texts, prompts, ids, log_probs, entropy, strict=True
            )
        ]

    def _check_lengths(self, prompts: Sequence[tuple[int, ...]], new_tokens: int) -> None:
        config = self.model.config.get_text_config()
        limit = getattr(config, "max_position_embeddings", None)
        longest = max(map(len, prompts))
        if limit is not None and longest + new_tokens > limit:
            raise ArenaError(
                f"a prompt of {longest} tokens and a reply of {new_tokens} exceed the model's "
                f"{limit} tokens; shorten the template or the history, or enlarge the model's "
                "max_length"
            )
        if min(map(len, prompts)) < 2:
            raise ArenaError(
                "a prompt has fewer than two tokens; check the recipe's template and the tokenizer"
            )


def _end_ids(model: Any, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Return every token that the tokenizer, the model or its way of generating ends with."""
    named = [tokenizer.eos_token_id, model.config.get_text_config().eos_token_id]
    if model.generation_config is not None:
        named.append(model.generation_config.eos_token_id)
    ends = [end for name in named for end in (name if isinstance(name, list) else [name])]
    return tuple(dict.fromkeys(end for end in ends if end is not None))
