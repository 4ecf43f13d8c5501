"""A language model as updates see it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from arlarena_bench.policy.base import TokenStats
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.recipe import TrainSection


class TrainableModel:
    """A model in this process, read in micro-batches.

    Args:
        model: What is trained, or only read.
        settings: The recipe's `train` section.
    """

    def __init__(self, model: LanguageModel, settings: TrainSection) -> None:
        self.model = model
        self._settings = settings

    def parameters(self) -> list[Parameter]:
        """Return what the optimiser changes."""
        return [parameter for parameter in self.model.model.parameters() if parameter.requires_grad]

    def micro_batches(self, rows: Rows) -> list[tuple[Tensor, int]]:
        """Return the parts of `rows` that are read at once, as `Rows.micro_batches` does."""
        return rows.micro_batches(self._settings.micro_batch_tokens)

    def token_stats(self, rows: Rows, *, grad: bool) -> TokenStats:
        """Read the replies of rows, each distinct pair of prompt and reply once.

        Args:
            rows: Prompts and replies.
            grad: Whether log-probabilities have a gradient, and entropies where the recipe has a
                bonus on them; `rows` is then one micro-batch. Without, statistics are 0 where
                micro-batches end before the padding does.
        """
        if grad:
            return self._read(rows)
        stats = TokenStats(*torch.zeros(2, *rows.mask.shape, dtype=rows.old_log_probs.dtype))
        with torch.inference_mode():
            for index, length in self.micro_batches(rows):
                found = self._read(rows.select(index, length))
                for whole, part in zip(stats, found, strict=True):
                    whole[index, :length] = part.to(whole.dtype)
        return stats

    def train(self, mode: bool) -> None:
        """Begin a series of updates, or end it."""
        self.model.model.train(mode)

    def state(self) -> dict[str, Any]:
        """Return the weights."""
        state: dict[str, Any] = self.model.model.state_dict()
        return state

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take weights that `state` returned."""
        self.model.model.load_state_dict(state)

    def _read(self, rows: Rows) -> TokenStats:
        prompts, replies, place = rows.distinct()
        log_probs, entropy = token_statistics(
            self.model.logits(prompts, replies),
            replies,
            self._settings.temperature,
            entropy_grad=self._settings.entropy_coef > 0,
        )
        return TokenStats(log_probs[place], entropy[place])


def token_statistics(
    logits: Tensor, replies: Tensor, temperature: float, *, entropy_grad: bool = True
) -> TokenStats:
    """Return (rows, tokens) log-probabilities of the replies and entropies, nats.

    Args:
        logits: (rows, tokens, vocabulary).
        replies: (rows, tokens) ids.
        temperature: Of the sampling policy.
        entropy_grad: Whether entropies have a gradient; it costs as much as the loss's own.
    """
    log_probs = (logits / temperature).log_softmax(-1)
    spread = log_probs if entropy_grad else log_probs.detach()
    entropy = -(spread.exp() * spread).sum(-1)
    return TokenStats(log_probs.gather(-1, replies[..., None])[..., 0], entropy)
