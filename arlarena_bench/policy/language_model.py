"""A causal language model of the transformers library as a policy."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase
from transformers.modeling_layers import GradientCheckpointingLayer

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.batch_room import even_part, room
from arlarena_bench.policy.chat import PLAIN
from arlarena_bench.policy.library import LibraryDecoder
from arlarena_bench.policy.model_folder import first_line, load_folder, quiet
from arlarena_bench.policy.out_of_memory import with_less_at_once
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.placement import DEFAULT, Placement
from arlarena_bench.policy.probe import check_batching
from arlarena_bench.policy.qwen3 import Qwen3Decoder
from arlarena_bench.policy.sampling import Sampling, draw
from arlarena_bench.policy.token_sampler import Complete, TokenSampler, context_of, ends_of
from arlarena_bench.recipe import ChatSection
from arlarena_bench.streams import Stream, uniforms


class LanguageModel(TokenSampler):
    """A model with its tokenizer: a sampler in this process, and logits for updates.

    Both read every distinct prompt once and continue from its keys and values.

    Args:
        model: A causal language model of the transformers library.
        tokenizer: Its tokenizer.
        chat: How prompts become a chat.
        batch_tokens: As `train.sampling_batch_tokens` of a recipe.

    Attributes:
        batch_tokens: As given; half of it once memory has run out.
        pad_id: What fills short rows; it is masked everywhere and may be an end token.
        decoder: Computes the model's logits, as the library does or faster.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: PreTrainedTokenizerBase,
        chat: ChatSection = PLAIN,
        batch_tokens: int | None = None,
    ) -> None:
        config = model.config.get_text_config()
        super().__init__(
            tokenizer,
            chat,
            vocabulary=model.get_input_embeddings().weight.shape[0],
            context=context_of(config),
            ends=ends_of(config, model.generation_config),
        )
        self.model = model
        self.batch_tokens = batch_tokens
        self.decoder: Qwen3Decoder | LibraryDecoder = (
            Qwen3Decoder(model) if Qwen3Decoder.covers(model) else LibraryDecoder(model)
        )
        self._ends = torch.tensor(self.end_ids, dtype=torch.long)
        fillers = (tokenizer.pad_token_id, *self.end_ids, 0)
        self.pad_id: int = next(i for i in fillers if i is not None and i < self.vocabulary)

    @classmethod
    def load(
        cls,
        folder: Path,
        placement: Placement = DEFAULT,
        chat: ChatSection = PLAIN,
        batch_tokens: int | None = None,
    ) -> "LanguageModel":
        """Load an ordinary Hugging Face model folder.

        Raises:
            ArenaError: If the folder does not hold a causal language model and a tokenizer, or
                the model answers otherwise in a padded batch than alone.
        """
        model, tokenizer = load_folder(folder, placement)
        loaded = cls(model, tokenizer, chat, batch_tokens)
        check_batching(loaded)
        return loaded

    def copy(self) -> "LanguageModel":
        """Return a model of its own with the same weights; the tokenizer is shared."""
        copied = copy.deepcopy(self.model)
        return LanguageModel(copied, self.tokenizer, self.chat, self.batch_tokens)

    def recompute_layers(self) -> None:
        """Keep no layer's inside for the backward pass of an update; compute it twice instead."""
        if not self.model.supports_gradient_checkpointing:
            raise ArenaError(
                f"{type(self.model).__name__} has no layers that can be computed again; leave out "
                "start.checkpoint.gradient_checkpointing"
            )
        # Its name from transformers 5.2x on, and the one before.
        name = "activation_checkpointing_enable"
        before = "gradient_checkpointing_enable"
        enable = getattr(self.model, name if hasattr(self.model, name) else before)
        enable({"use_reentrant": False})
        for layer in self.recomputed():
            # A layer that is computed again counts as in training, dropout of its own included.
            for setting in [key for key in vars(layer) if key.endswith("dropout")]:
                setattr(layer, setting, 0.0)
        # Layers that keep nothing are read by the library alone.
        self.decoder = LibraryDecoder(self.model)

    def recomputed(self) -> list[Any]:
        """Return the layers that `recompute_layers` has chosen; none before."""
        kinds = (
            part for part in self.model.modules() if isinstance(part, GradientCheckpointingLayer)
        )
        return [layer for layer in kinds if layer.gradient_checkpointing]

    def save(self, folder: Path) -> None:
        """Write an ordinary Hugging Face model folder (safetensors)."""
        with quiet():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every weight for another engine of the same model, shared ones by each name."""
        for name, weight in self.model.named_parameters(remove_duplicate=False):
            yield name, weight.detach()

    def state(self) -> dict[str, Any]:
        """Return the weights that training changes."""
        state: dict[str, Any] = self.model.state_dict()
        return state

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take weights that `state` returned.

        Raises:
            ArenaError: If they are another model's.
        """
        try:
            self.model.load_state_dict(state)
        except RuntimeError as error:
            raise ArenaError(f"its weights are another model's: {first_line(error)}") from error

    def logits(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor:
        """Return (rows, tokens, vocabulary): the logits that predict each reply token.

        Args:
            prompts: One prompt a row.
            replies: (rows, tokens) reply ids, padded on the right.
        """
        return self.decoder.logits(prompts, replies)

    def generate(
        self,
        prompts: Sequence[tuple[int, ...]],
        sampling: Sampling,
        streams: Sequence[Stream] = (),
        complete: Sequence[Complete | None] = (),
    ) -> list[Generation]:
        """Sample one reply a prompt, so many at once as memory takes; ended rows leave the batch.

        Args:
            prompts: Token ids, at least two each.
            sampling: How to draw.
            streams: Source of each prompt's draws, one a token; not needed at temperature 0.
            complete: Of each prompt, what tells of a reply so far that it needs no end token.

        Raises:
            ArenaError: If a prompt and its reply do not fit into the model's context, or a few of
                them into memory.
        """
        self.check_lengths(prompts, sampling.max_new_tokens)
        longest = max(map(len, prompts)) + sampling.max_new_tokens
        replies: list[Generation] = []
        while len(replies) < len(prompts):
            first = len(replies)

            def some(first: int = first) -> list[Generation]:
                fit = (self.batch_tokens or room(self.model)) // longest
                taken = slice(first, first + even_part(len(prompts) - first, fit))
                parts = (prompts[taken], sampling, streams[taken], complete[taken])
                return self._generate(*parts)

            replies += with_less_at_once(some, partial(self._sample_less, longest))
        return replies

    def _sample_less(self, longest: int, said: str) -> None:
        """Hold half as many tokens at once from now on; the longest row has to fit."""
        self.batch_tokens = (self.batch_tokens or room(self.model)) // 2
        if self.batch_tokens < longest:
            raise ArenaError(
                f"memory does not take a row of {longest} tokens: shorten the prompts or "
                f"train.max_new_tokens, or take a smaller model ({said})"
            )

    @torch.inference_mode()
    def _generate(
        self,
        prompts: Sequence[tuple[int, ...]],
        sampling: Sampling,
        streams: Sequence[Stream],
        complete: Sequence[Complete | None],
    ) -> list[Generation]:
        packed = PaddedPrompts.pack(prompts, self.pad_id)
        rows = self.decoder.start(packed, sampling.max_new_tokens)
        tokens = packed.ids[packed.index, -1:]
        active = torch.arange(len(prompts))
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        written: list[list[int]] = [[] for _ in prompts]
        numbers = uniforms(streams, sampling.max_new_tokens) if sampling.temperature else None
        for step in range(sampling.max_new_tokens):
            drawn = None if numbers is None else numbers[active, step]
            found = draw(rows.step(tokens), sampling, drawn)
            tokens, log_probs, entropy = (values.cpu() for values in found)
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
        texts = self.texts([written[row] for row in rows])
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
        texts = self.texts(ids)
        return [
            Generation(text, prompt, tuple(reply), tuple(logs), tuple(spreads))
            for text, prompt, reply, logs, spreads in zip(
                texts, prompts, ids, log_probs, entropy, strict=True
            )
        ]
