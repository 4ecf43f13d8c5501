"""Any causal language model of the transformers library, read as the library reads it."""

import copy
import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import MoeModelOutputWithPast

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.padding import PaddedPrompts


class LibraryDecoder:
    """Logits of a model, each distinct prompt read once and continued from the library's cache.

    Args:
        model: A causal language model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._takes_positions = "position_ids" in inspect.signature(model.forward).parameters

    def logits(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor:
        """Return (rows, tokens, vocabulary): the logits that predict each reply token.

        Args:
            prompts: One prompt a row.
            replies: (rows, tokens) reply ids, padded on the right.
        """
        if self._recomputes():
            logits: Tensor = self._whole(self.model, prompts, replies).logits
            return logits[:, -replies.shape[1] :]
        return LibraryContinuation(self, prompts).read(_inputs(prompts, replies))

    def states(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor | None:
        """Return (rows, tokens, hidden): of which `head` makes what `logits` returns.

        None for a model whose body and output layer cannot be asked one after the other.
        """
        if self._split is None:
            return None
        if self._recomputes():
            read = self._whole(self.model.base_model, prompts, replies)
            states: Tensor = read.last_hidden_state[:, -replies.shape[1] :]
            return states
        return LibraryContinuation(self, prompts).states(_inputs(prompts, replies))

    def head(self, states: Tensor) -> Tensor:
        """Return (…, vocabulary): the logits of (…, hidden) states, caps and scales included."""
        assert self._split is not None
        logits: Tensor = self._split(inputs_embeds=states[None]).logits[0]
        return logits

    def start(self, prompts: PaddedPrompts, room: int) -> "LibraryContinuation":
        """Read the prompts but for their last tokens; the library's cache grows by itself."""
        return LibraryContinuation(self, prompts)

    def at(self, positions: Tensor | None) -> dict[str, Tensor]:
        """Return positions as an argument; models with relative ones take none."""
        return {} if positions is None or not self._takes_positions else {"position_ids": positions}

    @cached_property
    def _split(self) -> Any:
        """The model with a body that hands on what it is given; None where that is not the model.

        What a class does between its body and its logits is its own, so it is asked itself.
        """
        model = self.model
        name = next((n for n, part in model.named_children() if part is model.base_model), None)
        if name is None:
            return None
        split = copy.copy(model)
        split._modules = {**model._modules, name: _HandedOn()}
        ids = torch.arange(4, device=model.device)[None]
        try:
            with torch.no_grad():
                states = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
                expected = model(input_ids=ids, use_cache=False).logits
                found = split(inputs_embeds=states).logits
        except Exception:  # of any class, as the architecture is
            return None
        return split if torch.allclose(found, expected) else None

    def _recomputes(self) -> bool:
        """Whether layers are computed again in backward passes, which no cache survives."""
        return any(
            layer.training and layer.gradient_checkpointing
            for layer in self.model.modules()
            if isinstance(layer, GradientCheckpointingLayer)
        )

    def _whole(self, asked: Any, prompts: PaddedPrompts, replies: Tensor) -> Any:
        """Read each row from its first token, without a cache."""
        device = self.model.device
        mask = torch.cat([prompts.mask[prompts.index], torch.ones_like(replies).bool()], dim=1)
        ids = torch.cat([prompts.ids[prompts.index], replies], dim=1)
        mask, ids = mask[:, :-1].to(device), ids[:, :-1].to(device)
        return asked(
            input_ids=ids,
            attention_mask=mask.long(),
            use_cache=False,
            **self.at(_positions(mask)),
        )


@dataclass
class _States(MoeModelOutputWithPast):  # type: ignore[misc]
    """All that heads ask of the output of bodies, whichever kind theirs is."""

    cross_attentions: None = None


class _HandedOn(nn.Module):
    """A body whose hidden states are the embeddings that it is given."""

    def forward(self, *ids: None, inputs_embeds: Tensor, **others: Any) -> _States:
        return _States(last_hidden_state=inputs_embeds)

    @property
    def decoder(self) -> "_HandedOn":
        """What OPT asks in place of its body."""
        return self


class LibraryContinuation:
    """Rows that go on behind their prompts, of which all but the last token has been read.

    Raises:
        ArenaError: If the model keeps no cache.
    """

    def __init__(self, decoder: LibraryDecoder, prompts: PaddedPrompts) -> None:
        self._decoder = decoder
        self._device = device = decoder.model.device
        ids, mask = prompts.ids[:, :-1].to(device), prompts.mask[:, :-1]
        index = prompts.index.to(device)
        padded = not bool(mask.all())
        mask = mask.to(device)
        output = decoder.model.base_model(
            input_ids=ids,
            attention_mask=mask.long() if padded else None,
            use_cache=True,
            **decoder.at(_positions(mask) if padded else None),
        )
        cache: Any = getattr(output, "past_key_values", None)
        if cache is None:
            kind = type(decoder.model).__name__
            raise ArenaError(f"{kind} keeps no key-value cache, so it is no decoder to sample from")
        cache.batch_select_indices(index)
        self._cache = cache
        self._mask = mask[index] if padded else None

    def read(self, tokens: Tensor) -> Tensor:
        """Return (rows, tokens, vocabulary): what predicts the token behind each of `tokens`."""
        logits: Tensor = self._read(self._decoder.model, tokens).logits
        return logits

    def states(self, tokens: Tensor) -> Tensor:
        """Return (rows, tokens, hidden): what the logits of `read` are made of."""
        states: Tensor = self._read(self._decoder.model.base_model, tokens).last_hidden_state
        return states

    def step(self, tokens: Tensor) -> Tensor:
        """Return (rows, vocabulary): what predicts the token behind (rows, 1) tokens."""
        return self.read(tokens)[:, -1]

    def select(self, rows: Tensor) -> None:
        """Go on with some rows only."""
        rows = rows.to(self._device)
        self._cache.batch_select_indices(rows)
        if self._mask is not None:
            self._mask = self._mask[rows]

    def _read(self, asked: Any, tokens: Tensor) -> Any:
        tokens = tokens.to(self._device)
        positions = attention = None
        if self._mask is not None:
            self._mask = torch.cat([self._mask, self._mask.new_ones(tokens.shape)], dim=1)
            positions = _positions(self._mask)[:, -tokens.shape[1] :]
            attention = self._mask.long()
        return asked(
            input_ids=tokens,
            attention_mask=attention,
            past_key_values=self._cache,
            use_cache=True,
            **self._decoder.at(positions),
        )


def _inputs(prompts: PaddedPrompts, replies: Tensor) -> Tensor:
    """Return (rows, tokens): what stands before each token of the replies."""
    return torch.cat([prompts.ids[prompts.index, -1:], replies[:, :-1]], dim=1)


def _positions(mask: Tensor) -> Tensor:
    return (mask.cumsum(1) - 1).clamp(min=0)
