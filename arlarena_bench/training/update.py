"""The off-policy updates that follow a rollout."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError
from arlarena_bench.objective.aggregation import Totals, reduce
from arlarena_bench.objective.kl import kl
from arlarena_bench.objective.method import Method
from arlarena_bench.objective.token_loss import TokenLoss, combine_info
from arlarena_bench.objective.wrapped import Wrapped
from arlarena_bench.policy.base import TokenStats, Trainable
from arlarena_bench.policy.out_of_memory import with_less_at_once
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.recipe import TrainSection
from arlarena_bench.training.diagnostics import MetricMean, sampler_metrics, update_metrics
from arlarena_bench.training.masters import Masters


@dataclass(frozen=True, slots=True)
class _Samples:
    """Rows with all that their loss needs of each token, (rows, tokens) each."""

    rows: Rows
    advantages: Tensor
    reference: Tensor
    behaviour: Tensor | None

    def select(self, index: Tensor, tokens: int | None = None) -> "_Samples":
        return _Samples(
            self.rows.select(index, tokens),
            self.advantages[index, :tokens],
            self.reference[index, :tokens],
            None if self.behaviour is None else self.behaviour[index, :tokens],
        )


class _Pass(NamedTuple):
    """What one micro-batch leaves: its share of the loss, and statistics of its tokens."""

    loss: Tensor
    result: TokenLoss
    log_probs: Tensor
    entropy: Tensor


def minibatches(rows: int, settings: TrainSection, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield the numbers of the rows of each update on a rollout, drawn anew in each epoch.

    Args:
        rows: How many the rollout has.
        settings: The recipe's `train` section.
        generator: Shuffles them.
    """
    size = settings.minibatch_rows
    parts = min(settings.minibatches, rows) if size is None else math.ceil(rows / size)
    for _ in range(settings.epochs):
        yield from torch.randperm(rows, generator=generator).tensor_split(parts)


class Learner:
    """A policy with its optimiser and the reference it is held near to.

    Args:
        policy: What is trained.
        reference: The start policy; it is only read.
        method: Supplies the loss.
        settings: The recipe's `train` section.

    Attributes:
        updates: Optimiser steps attempted so far, skipped ones included.
        skipped_in_row: How many of the last were skipped, one after another.
        masters: What the optimiser changes.
    """

    def __init__(
        self,
        policy: Trainable,
        reference: Trainable,
        method: Method | Wrapped,
        settings: TrainSection,
    ) -> None:
        self.policy = policy
        self.updates = 0
        self.skipped_in_row = 0
        self._reference = reference
        self._method = method
        self._settings = settings
        self.masters = Masters(policy.parameters())
        self.optimiser = torch.optim.AdamW(
            self.masters.exact,
            lr=settings.learning_rate,
            betas=(settings.adam_beta1, settings.adam_beta2),
            eps=settings.adam_eps,
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def reference_log_probs(self, rows: Rows) -> Tensor:
        """Return (rows, tokens): the reference policy's log-probabilities of the replies."""
        return self._reference.token_stats(rows, grad=False).log_probs

    def old_stats(self, rows: Rows) -> TokenStats:
        """Return what the policy itself says of rows that another engine has sampled.

        Log-probabilities and entropies are then of the whole distribution at the temperature,
        whatever the other one left out, as those of `Sampling` are.
        """
        return self.policy.token_stats(rows, grad=False)

    def update(
        self,
        rows: Rows,
        advantages: Tensor,
        reference_log_probs: Tensor,
        generator: torch.Generator,
        old: TokenStats | None = None,
    ) -> dict[str, float]:
        """Run `epochs` passes of `minibatches` updates over one rollout.

        Args:
            rows: The rollout.
            advantages: (rows, tokens).
            reference_log_probs: (rows, tokens).
            generator: Shuffles the rows.
            old: As `old_stats` returns it, before the first update; None where the policy itself
                has sampled.

        Returns:
            Metrics of the updates, averaged.

        Raises:
            ArenaError: If too many updates in a row had no finite gradient, or memory runs out.
        """
        if old is None and self._settings.tis_cap is not None:
            old = self.old_stats(rows)
        samples, mismatch = self._samples(rows, advantages, reference_log_probs, old)
        metrics = MetricMean()
        skipped = 0
        self.policy.train(True)
        for part in minibatches(len(rows.replies), self._settings, generator):
            measured = self._minibatch(samples.select(part))
            skipped += int(measured.pop("skipped"))
            metrics.add(measured, weight=float(rows.mask[part].sum()))
        self.policy.train(False)
        self._forget_gradients()
        return {
            **metrics.result(),
            **mismatch,
            "skipped_updates": float(skipped),
            "learning_rate": self._learning_rate(),
        }

    def _samples(
        self, rows: Rows, advantages: Tensor, reference: Tensor, old: TokenStats | None
    ) -> tuple[_Samples, dict[str, float]]:
        """Put together what updates need; π_old is the policy's own, where that was asked for."""
        if old is None:
            return _Samples(rows, advantages, reference, None), {}
        cap, behaviour = self._settings.tis_cap, rows.old_log_probs
        rows = replace(rows, old_log_probs=old.log_probs)
        mismatch = sampler_metrics(rows.old_log_probs, behaviour, rows.mask, cap or math.inf)
        return _Samples(rows, advantages, reference, behaviour if cap else None), mismatch

    def _minibatch(self, samples: _Samples) -> dict[str, float]:
        """Take one step on the gradient that the micro-batches of a minibatch add up to."""
        rows = samples.rows
        places, passes = with_less_at_once(
            lambda: self._passes(samples), lambda said: self._read_less(rows, said)
        )
        grad_norm = self._step()
        log_probs, entropy = passes[0].log_probs.new_zeros(2, *rows.mask.shape)
        for (index, length), done in zip(places, passes, strict=True):
            log_probs[index, :length] = done.log_probs
            entropy[index, :length] = done.entropy
        measured = update_metrics(
            log_probs,
            rows.old_log_probs,
            samples.reference,
            samples.advantages,
            entropy,
            rows.mask,
        )
        return {
            **measured,
            **combine_info([done.result for done in passes]),
            "loss": torch.stack([done.loss for done in passes]).sum().item(),
            "grad_norm": grad_norm,
            "skipped": float(not _finite(grad_norm)),
        }

    def _passes(self, samples: _Samples) -> tuple[list[tuple[Tensor, int]], list[_Pass]]:
        """Compute the gradient of a minibatch; return its micro-batches and what they left."""
        rows = samples.rows
        places = self.policy.micro_batches(rows)
        parts = [samples.select(*place) for place in places]
        whole = Totals.of(rows.mask)
        kept = self._kept(parts, whole)
        self._forget_gradients()
        return places, [self._backward(part, whole, kept) for part in parts]

    def _forget_gradients(self) -> None:
        """Give back their memory, which playing has need of."""
        for parameter in (*self.policy.parameters(), *self.masters.exact):
            parameter.grad = None

    def _read_less(self, rows: Rows, said: str) -> None:
        if not self._method.has_token_loss:
            raise ArenaError(
                "memory runs out, and a finished policy_loss takes whole minibatches: raise "
                f"train.minibatches, or write token_loss in its place ({said})"
            )
        self.policy.read_less(rows, said)

    def _kept(self, parts: Sequence[_Samples], whole: Totals) -> Totals | None:
        """Return the totals of the tokens that the loss keeps; None leaves that to the only part.

        What it keeps depends on the policy as it is now, so that several parts take a first pass
        without gradient, unless the loss keeps all.
        """
        if self._method.keeps_mask:
            return whole
        if len(parts) == 1:
            return None
        with torch.no_grad():
            read = [self.policy.token_stats(part.rows, grad=True).log_probs for part in parts]
            masks = [self._token_loss(*seen).mask for seen in zip(read, parts, strict=True)]
        return replace(sum(map(Totals.of, masks), Totals()), length=whole.length)

    def _backward(self, part: _Samples, whole: Totals, kept: Totals | None) -> _Pass:
        """Add the gradient of one micro-batch's share of the minibatch's loss."""
        settings, method, mask = self._settings, self._method, part.rows.mask
        log_probs, entropy = self.policy.token_stats(part.rows, grad=True)
        if not method.has_token_loss and part.behaviour is None:
            old_log_probs = part.rows.old_log_probs
            loss, info = method.policy_loss(log_probs, old_log_probs, part.advantages, mask)
            result = TokenLoss(torch.zeros_like(mask), mask, info)
        else:
            result = self._token_loss(log_probs, part)
            totals = kept or replace(Totals.of(result.mask), length=whole.length)
            loss = reduce(result.values, result.mask, method.aggregation, totals)
        if settings.kl_coef:
            penalty = kl(log_probs, part.reference, settings.kl_estimator)
            loss = loss + settings.kl_coef * reduce(penalty, mask, method.aggregation, whole)
        if settings.entropy_coef:
            bonus = reduce(entropy, mask, method.aggregation, whole)
            loss = loss - settings.entropy_coef * bonus
        loss.backward()  # type: ignore[no-untyped-call]
        self.masters.collect_gradients()
        # Without its graph, or the memory of all micro-batches would be held at once.
        result = result._replace(values=result.values.detach())
        return _Pass(loss.detach(), result, log_probs.detach(), entropy.detach())

    def _token_loss(self, log_probs: Tensor, part: _Samples) -> TokenLoss:
        tensors = (log_probs, part.rows.old_log_probs, part.advantages, part.rows.mask)
        cap = self._settings.tis_cap
        if cap is None:
            return self._method.token_loss(*tensors)
        return self._method.token_loss(*tensors, part.behaviour, tis_cap=cap)

    def _step(self) -> float:
        """Take one optimiser step unless the gradient is not finite; return its norm."""
        clip = torch.nn.utils.clip_grad_norm_
        grad_norm = float(clip(self.masters.exact, self._settings.grad_clip))
        self.updates += 1
        if _finite(grad_norm):
            self.skipped_in_row = 0
            for group in self.optimiser.param_groups:
                group["lr"] = self._learning_rate()
            self.optimiser.step()
            self.masters.hand_back()
            return grad_norm
        self.skipped_in_row += 1
        if self.skipped_in_row >= self._settings.max_skipped:
            raise ArenaError(
                f"{self.skipped_in_row} updates in a row, up to update {self.updates}, had a "
                "gradient that is NaN or infinite: lower train.learning_rate, or choose another "
                "precision; train.max_skipped is how many are passed over"
            )
        return grad_norm

    def _learning_rate(self) -> float:
        return self._settings.learning_rate * min(1.0, self.updates / self._settings.warmup)


def _finite(value: float) -> bool:
    return abs(value) < float("inf")
