"""A causal language model of the transformers library as a policy."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils import logging

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.base import Question
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.protocol.wrapper import AgentProtocol


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn.

    A generation's log-probabilities and entropies are those of the whole distribution at the
    temperature, whatever `top_p` and `top_k` leave out. An importance ratio in training is so
    one of two whole distributions; that tokens outside were never drawn, it does not correct.

    Attributes:
        max_new_tokens: Longest reply.
        temperature: 0 takes the likeliest token.
        top_p: Nucleus probability; 1 for all tokens.
        top_k: Number of likeliest tokens; 0 for all.
    """

    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0


class LanguageModel:
    """A model with its tokenizer: generation for rollouts, log-probabilities for updates.

    Both read every distinct prompt once and continue it from a shared key-value cache.

    Args:
        model: A causal language model of the transformers library.
        tokenizer: Its tokenizer, with padding and end tokens.
    """

    def __init__(self, model: Any, tokenizer: PreTrainedTokenizerFast) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.pad_id: int = tokenizer.pad_token_id
        self.eos_id: int = tokenizer.eos_token_id

    @classmethod
    def load(cls, folder: Path) -> "LanguageModel":
        """Load an ordinary Hugging Face model folder.

        Raises:
            ArenaError: If the folder does not hold a causal language model and a tokenizer.
        """
        if not (folder / "config.json").is_file():
            raise ArenaError(f"{folder} holds no Hugging Face model (config.json is missing)")
        try:
            with _quiet():
                model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
                tokenizer = AutoTokenizer.from_pretrained(folder)
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ArenaError(f"{folder} cannot be loaded as a language model: {reason}") from error
        return cls(model.eval(), tokenizer)

    def save(self, folder: Path) -> None:
        """Write an ordinary Hugging Face model folder (safetensors)."""
        with _quiet():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)

    def encode(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the token ids of each prompt, through the chat template where there is one."""
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return []
        if self.tokenizer.chat_template:
            chats = [[{"role": "user", "content": text}] for text in distinct]
            ids = self.tokenizer.apply_chat_template(
                chats, add_generation_prompt=True, return_dict=False
            )
        else:
            ids = self.tokenizer(distinct)["input_ids"]
        by_text = {text: tuple(row) for text, row in zip(distinct, ids, strict=True)}
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
            text = self.tokenizer.apply_chat_template(
                [{"role": role, "content": content} for role, content in chat],
                add_generation_prompt=True,
                tokenize=False,
            )
            _, found, added = text.partition(reply)
            if not found:
                raise ArenaError("the model's chat template leaves out the assistant's turns")
        ids = self.tokenizer(added, add_special_tokens=False)["input_ids"]
        if turn.reply_ids[-1:] == (self.eos_id,) and ids[:1] == [self.eos_id]:
            ids = ids[1:]
        return (*turn.prompt_ids, *turn.reply_ids, *ids)

    def logits(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor:
        """Return (rows, tokens, vocabulary): the logits that predict each reply token.

        Args:
            prompts: One prompt a row.
            replies: (rows, tokens) reply ids, padded on the right.
        """
        cache, mask = self._read(prompts)
        last = prompts.ids[prompts.index, -1:]
        inputs = torch.cat([last, replies[:, :-1]], dim=1)
        return self._continue(cache, mask, inputs)

    @torch.inference_mode()
    def generate(
        self,
        prompts: Sequence[tuple[int, ...]],
        sampling: Sampling,
        generator: torch.Generator | None = None,
        complete: Callable[[str], bool] | None = None,
    ) -> list[Generation]:
        """Sample one reply a prompt; rows that have ended leave the batch.

        Args:
            prompts: Token ids, at least two each.
            sampling: How to draw.
            generator: Source of the draws; not needed at temperature 0.
            complete: Tells of a reply so far that it needs no end token.

        Raises:
            ArenaError: If a prompt and its reply do not fit into the model's context.
        """
        self._check_lengths(prompts, sampling.max_new_tokens)
        packed = PaddedPrompts.pack(prompts, self.pad_id)
        cache, mask = self._read(packed)
        tokens = packed.ids[packed.index, -1:]
        active = torch.arange(len(prompts))
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        written: list[list[int]] = [[] for _ in prompts]
        for _ in range(sampling.max_new_tokens):
            logits = self._continue(cache, mask, tokens)[:, -1]
            if mask is not None:
                mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
            tokens, log_probs, entropy = _draw(logits, sampling, generator)
            steps.append((active, tokens[:, 0], log_probs, entropy))
            goes_on = tokens[:, 0] != self.eos_id
            if complete is not None:
                closed = self._closed(written, active, tokens, complete)
                goes_on &= ~torch.tensor(closed)
            going = goes_on.nonzero()[:, 0]
            if len(going) == 0:
                break
            if len(going) < len(active):
                active, tokens = active[going], tokens[going]
                cache.batch_select_indices(going)
                mask = mask[going] if mask is not None else None
        return self._collect(prompts, steps)

    def _closed(
        self,
        written: list[list[int]],
        active: Tensor,
        tokens: Tensor,
        complete: Callable[[str], bool],
    ) -> list[bool]:
        """Note the newest token of each active row; return which replies need no more."""
        rows = active.tolist()
        for row, token in zip(rows, tokens[:, 0].tolist(), strict=True):
            written[row].append(token)
        texts = self.tokenizer.batch_decode(
            [written[row] for row in rows], skip_special_tokens=True
        )
        return [complete(text) for text in texts]

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

    def _read(self, prompts: PaddedPrompts) -> tuple[Any, Tensor | None]:
        """Read all but the last token of each distinct prompt; return one cache row a row."""
        ids, mask = prompts.ids[:, :-1], prompts.mask[:, :-1]
        padded = not bool(mask.all())
        cache = self.model.model(
            input_ids=ids,
            attention_mask=mask.long() if padded else None,
            position_ids=_positions(mask) if padded else None,
            use_cache=True,
        ).past_key_values
        cache.batch_select_indices(prompts.index)
        return cache, mask[prompts.index] if padded else None

    def _continue(self, cache: Any, mask: Tensor | None, tokens: Tensor) -> Tensor:
        positions = attention = None
        if mask is not None:
            attention = torch.cat([mask, mask.new_ones(tokens.shape)], dim=1)
            positions = _positions(attention)[:, -tokens.shape[1] :]
            attention = attention.long()
        output = self.model(
            input_ids=tokens,
            attention_mask=attention,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        logits: Tensor = output.logits
        return logits

    def _check_lengths(self, prompts: Sequence[tuple[int, ...]], new_tokens: int) -> None:
        limit = self.model.config.max_position_embeddings
        longest = max(map(len, prompts))
        if longest + new_tokens > limit:
            raise ArenaError(
                f"a prompt of {longest} tokens and a reply of {new_tokens} exceed the model's "
                f"{limit} tokens; shorten the template or the history, or enlarge the model's "
                "max_length"
            )
        if min(map(len, prompts)) < 2:
            raise ArenaError("a prompt has fewer than two tokens; check the recipe's template")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's progress bars away from our own."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _positions(mask: Tensor) -> Tensor:
    return (mask.cumsum(1) - 1).clamp(min=0)


def _draw(
    logits: Tensor, sampling: Sampling, generator: torch.Generator | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return (rows, 1) tokens, and (rows,) their log-probabilities and the entropy, nats."""
    scaled = logits / sampling.temperature if sampling.temperature > 0 else logits
    log_probs = scaled.log_softmax(-1)
    probs = log_probs.exp()
    if sampling.temperature == 0:
        tokens = logits.argmax(-1, keepdim=True)
    else:
        tokens = torch.multinomial(_truncate(probs, sampling), 1, generator=generator)
    entropy = -(probs * log_probs).sum(-1)
    return tokens, log_probs.gather(-1, tokens)[:, 0], entropy


def _truncate(probs: Tensor, sampling: Sampling) -> Tensor:
    if 0 < sampling.top_k < probs.shape[-1]:
        threshold = probs.topk(sampling.top_k).values[:, -1:]
        probs = probs.where(probs >= threshold, 0.0)
        probs = probs / probs.sum(-1, keepdim=True)
    if sampling.top_p < 1:
        ordered, order = probs.sort(descending=True)
        outside = ordered.cumsum(-1) - ordered >= sampling.top_p
        probs = torch.zeros_like(probs).scatter(-1, order, ordered.masked_fill(outside, 0.0))
    return probs


class SamplingPolicy:
    """A language model that answers prompts by sampling.

    Args:
        model: The language model.
        sampling: How replies are drawn.
        generator: Source of the draws.
    """

    def __init__(
        self, model: LanguageModel, sampling: Sampling, generator: torch.Generator
    ) -> None:
        self._model = model
        self._sampling = sampling
        self._generator = generator

    def respond(
        self, questions: Sequence[Question], environments: Sequence[AgentProtocol]
    ) -> list[Generation]:
        """Sample one reply a question."""
        model = self._model
        fresh = iter(model.encode([q.prompt for q in questions if q.follows is None]))
        prompts = [
            next(fresh)
            if question.follows is None
            else model.extend(question.follows, question.added)
            for question in questions
        ]
        form = environments[0].game.reply_format
        complete = form.complete if form.closes else None
        return model.generate(prompts, self._sampling, self._generator, complete)
