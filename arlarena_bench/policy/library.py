"""Any causal language model of the transformers library, read as the library reads it."""

import inspect
from typing import Any

import torch
from torch import Tensor

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
        last = prompts.ids[prompts.index, -1:]
        inputs = torch.cat([last, replies[:, :-1]], dim=1)
        return LibraryContinuation(self, prompts).read(inputs)

    def start(self, prompts: PaddedPrompts, room: int) -> "LibraryContinuation":
        """Read the prompts but for their last tokens; the library's cache grows by itself."""
        return LibraryContinuation(self, prompts)

    def at(self, positions: Tensor | None) -> dict[str, Tensor]:
        """Return positions as an argument; models with relative ones take none."""
        return {} if positions is None or not self._takes_positions else {"position_ids": positions}


class LibraryContinuation:
    """Rows that go on behind their prompts, of which all but the last token has been read.

    Raises:
        ArenaError: If the model keeps no cache.
    """

    def __init__(self, decoder: LibraryDecoder, prompts: PaddedPrompts) -> None:
        self._decoder = decoder
        ids, mask = prompts.ids[:, :-1], prompts.mask[:, :-1]
        padded = not bool(mask.all())
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
        cache.batch_select_indices(prompts.index)
        self._cache = cache
        self._mask = mask[prompts.index] if padded else None

    def read(self, tokens: Tensor) -> Tensor:
        """Return (rows, tokens, vocabulary): what predicts the token behind each of `tokens`."""
        positions = attention = None
        if self._mask is not None:
            self._mask = torch.cat([self._mask, self._mask.new_ones(tokens.shape)], dim=1)
            positions = _positions(self._mask)[:, -tokens.shape[1] :]
            attention = self._mask.long()
        output = self._decoder.model(
            input_ids=tokens,
            attention_mask=attention,
            past_key_values=self._cache,
            use_cache=True,
            **self._decoder.at(positions),
        )
        logits: Tensor = output.logits
        return logits

    def step(self, tokens: Tensor) -> Tensor:
        """Return (rows, vocabulary): what predicts the token behind (rows, 1) tokens."""
        return self.read(tokens)[:, -1]

    def select(self, rows: Tensor) -> None:
        """Go on with some rows only."""
        self._cache.batch_select_indices(rows)
        if self._mask is not None:
            self._mask = self._mask[rows]


def _positions(mask: Tensor) -> Tensor:
    return (mask.cumsum(1) - 1).clamp(min=0)
