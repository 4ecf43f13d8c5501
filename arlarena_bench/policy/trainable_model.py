"""A language model as updates see it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.adapters import AdaptedModel
from arlarena_bench.policy.base import TokenStats
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.out_of_memory import with_less_at_once
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.policy.token_statistics import AT_ONCE, statistics_in_chunks, token_statistics
from arlarena_bench.recipe import TrainSection


class TrainableModel:
    """A model in this process, read in micro-batches.

    Args:
        model: What is trained, or only read.
        settings: The recipe's `train` section.
        logits_at_once: Where a micro-batch has more logits, it has them a part after another.
    """

    def __init__(
        self, model: LanguageModel, settings: TrainSection, logits_at_once: int = AT_ONCE
    ) -> None:
        self.model = model
        self._settings = settings
        self._logits_at_once = logits_at_once
        self._limit = settings.micro_batch_tokens
        self._halved = False

    def parameters(self) -> list[Parameter]:
        """Return what the optimiser changes."""
        return [parameter for parameter in self.model.model.parameters() if parameter.requires_grad]

    def micro_batches(self, rows: Rows) -> list[tuple[Tensor, int]]:
        """Return the parts of `rows` that are read at once, as `Rows.micro_batches` does."""
        return rows.micro_batches(self._limit)

    def read_less(self, rows: Rows, said: str) -> None:
        """Read half as much at once from now on, because memory has run out.

        Args:
            rows: What was read.
            said: By what ran out of memory.

        Raises:
            ArenaError: If that was done before.
        """
        largest = rows.largest(self.micro_batches(rows))
        if self._halved:
            raise ArenaError(
                f"memory runs out at {largest} tokens at once, and it did at twice as many: set "
                f"train.micro_batch_tokens to less than {largest}, or "
                f"start.checkpoint.gradient_checkpointing or lora, or shorten replies ({said})"
            )
        self._halved = True
        self._limit = max(1, largest // 2)

    def token_stats(self, rows: Rows, *, grad: bool) -> TokenStats:
        """Read the replies of rows, each distinct pair of prompt and reply once.

        Args:
            rows: Prompts and replies.
            grad: Whether log-probabilities have a gradient, and entropies where the recipe has a
                bonus on them; `rows` is then one micro-batch. Without, statistics are 0 where
                micro-batches end before the padding does.

        Raises:
            ArenaError: If memory runs out twice; with a gradient, that is for the caller to see.
        """
        if grad:
            return self._read(rows)
        return with_less_at_once(
            lambda: self._read_parts(rows), lambda said: self.read_less(rows, said)
        )

    def train(self, mode: bool) -> None:
        """Begin a series of updates, or end it.

        Dropout stays off: a reply has the probability that it was sampled with.
        """
        for layer in self.model.recomputed():
            layer.training = mode

    def state(self) -> dict[str, Any]:
        """Return the weights that are trained."""
        return self.model.state()

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take weights that `state` returned.

        Raises:
            ArenaError: If they are another model's.
        """
        self.model.load_state(state)

    @torch.inference_mode()
    def _read_parts(self, rows: Rows) -> TokenStats:
        stats = TokenStats(*torch.zeros(2, *rows.mask.shape, dtype=rows.old_log_probs.dtype))
        for index, length in self.micro_batches(rows):
            found = self._read(rows.select(index, length))
            for whole, part in zip(stats, found, strict=True):
                whole[index, :length] = part.to(whole.dtype)
        return stats

    def _read(self, rows: Rows) -> TokenStats:
        prompts, replies, place = rows.distinct()
        temperature, entropy_grad = self._settings.temperature, self._settings.entropy_coef > 0
        decoder, vocabulary = self.model.decoder, self.model.vocabulary
        there = replies.to(self.model.model.device)
        states = None
        if replies.numel() * vocabulary > self._logits_at_once:
            states = decoder.states(prompts, replies)
        if states is None:
            logits = decoder.logits(prompts, replies)
            stats = token_statistics(logits, there, temperature, entropy_grad=entropy_grad)
        else:
            tokens = max(1, self._logits_at_once // vocabulary)
            stats = statistics_in_chunks(
                decoder.head, states, there, temperature, tokens=tokens, entropy_grad=entropy_grad
            )
        log_probs, entropy = (values.to(place.device) for values in stats)
        return TokenStats(log_probs[place], entropy[place])


class ReferenceModel(TrainableModel):
    """The start policy under adapters that are trained: the same weights, the adapters off."""

    model: AdaptedModel

    def _read(self, rows: Rows) -> TokenStats:
        with self.model.adapters_off():
            return super()._read(rows)
