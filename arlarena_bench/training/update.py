"""The off-policy updates that follow a rollout."""

from collections.abc import Sequence

import torch
from torch import Tensor

from arlarena_bench.objective.aggregation import aggregate
from arlarena_bench.objective.kl import kl
from arlarena_bench.objective.method import Method
from arlarena_bench.objective.wrapped import Wrapped
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.recipe import TrainSection
from arlarena_bench.training.diagnostics import MetricMean, update_metrics
from arlarena_bench.training.rows import Rows


def token_statistics(logits: Tensor, replies: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return (rows, tokens) log-probabilities of the replies and entropies, nats."""
    log_probs = (logits / temperature).log_softmax(-1)
    entropy = -(log_probs.exp() * log_probs).sum(-1)
    return log_probs.gather(-1, replies[..., None])[..., 0], entropy


class Learner:
    """A policy with its optimiser and the reference it is held near to.

    Args:
        policy: What is trained.
        reference: The start policy; it is only read.
        method: Supplies the loss.
        settings: The recipe's `train` section.

    Attributes:
        updates: Optimiser steps attempted so far, skipped ones included.
    """

    def __init__(
        self,
        policy: LanguageModel,
        reference: LanguageModel,
        method: Method | Wrapped,
        settings: TrainSection,
    ) -> None:
        self.policy = policy
        self.updates = 0
        self._reference = reference
        self._method = method
        self._settings = settings
        self.optimiser = torch.optim.AdamW(
            policy.model.parameters(),
            lr=settings.learning_rate,
            betas=(settings.adam_beta1, settings.adam_beta2),
            eps=settings.adam_eps,
            weight_decay=settings.weight_decay,
        )

    @torch.inference_mode()
    def reference_log_probs(self, rows: Rows) -> Tensor:
        """Return (rows, tokens): the reference policy's log-probabilities of the replies."""
        logits = self._reference.logits(rows.prompts, rows.replies)
        return token_statistics(logits, rows.replies, self._settings.temperature)[0]

    def update(
        self,
        rows: Rows,
        advantages: Tensor,
        reference_log_probs: Tensor,
        generator: torch.Generator,
    ) -> dict[str, float]:
        """Run `epochs` passes of `minibatches` updates over one rollout.

        Args:
            rows: The rollout.
            advantages: (rows, tokens).
            reference_log_probs: (rows, tokens).
            generator: Shuffles the rows.

        Returns:
            Metrics of the updates, averaged.
        """
        metrics = MetricMean()
        skipped = 0
        self.policy.model.train()
        for _ in range(self._settings.epochs):
            order = torch.randperm(len(rows.replies), generator=generator)
            for part in order.chunk(self._settings.minibatches):
                measured = self._minibatch(part, rows, advantages, reference_log_probs)
                skipped += int(measured.pop("skipped"))
                metrics.add(measured, weight=float(rows.mask[part].sum()))
        self.policy.model.eval()
        return {
            **metrics.result(),
            "skipped_updates": float(skipped),
            "learning_rate": self._learning_rate(),
        }

    def _minibatch(
        self, part: Tensor, rows: Rows, advantages: Tensor, reference_log_probs: Tensor
    ) -> dict[str, float]:
        settings, method = self._settings, self._method
        replies, mask, old = rows.replies[part], rows.mask[part], rows.old_log_probs[part]
        logits = self.policy.logits(rows.prompts.select(part), replies)
        log_probs, entropy = token_statistics(logits, replies, settings.temperature)
        loss, info = method.policy_loss(log_probs, old, advantages[part], mask)
        reference = reference_log_probs[part]
        if settings.kl_coef:
            penalty = kl(log_probs, reference, settings.kl_estimator)
            loss = loss + settings.kl_coef * aggregate(penalty, mask, method.aggregation)
        if settings.entropy_coef:
            loss = loss - settings.entropy_coef * aggregate(entropy, mask, method.aggregation)
        grad_norm = self._step(loss)
        measured = update_metrics(
            log_probs.detach(), old, reference, advantages[part], entropy.detach(), mask
        )
        return {
            **measured,
            **info,
            "loss": loss.item(),
            "grad_norm": grad_norm,
            "skipped": float(not _finite(grad_norm)),
        }

    def _step(self, loss: Tensor) -> float:
        """Take one optimiser step unless the gradient is not finite; return its norm."""
        parameters: Sequence[Tensor] = list(self.policy.model.parameters())
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        grad_norm = float(torch.nn.utils.clip_grad_norm_(parameters, self._settings.grad_clip))
        self.updates += 1
        if _finite(grad_norm):
            for group in self.optimiser.param_groups:
                group["lr"] = self._learning_rate()
            self.optimiser.step()
        return grad_norm

    def _learning_rate(self) -> float:
        return self._settings.learning_rate * min(1.0, self.updates / self._settings.warmup)


def _finite(value: float) -> bool:
    return abs(value) < float("inf")
