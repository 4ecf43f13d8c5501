"""Weights of 16 bits, updated in 32."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Masters:
    """What an optimiser changes in place of weights, in single precision at least.

    A step of training is smaller than what 16 bits can add to a weight, and gradients of several
    micro-batches lose each other in them. Weights of 32 bits are their own masters.

    Args:
        weights: Of the model.

    Attributes:
        exact: A master a weight; gradients are theirs.
    """

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self._weights = list(weights)
        self.exact = [
            weight.detach().float().requires_grad_() if weight.element_size() < 4 else weight
            for weight in self._weights
        ]

    def collect_gradients(self) -> None:
        """Add the gradients of the weights to those of their masters."""
        for weight, master in self._apart():
            if weight.grad is not None:
                gradient = weight.grad.float()
                master.grad = gradient if master.grad is None else master.grad.add_(gradient)
                weight.grad = None

    @torch.no_grad()
    def hand_back(self) -> None:
        """Round the masters to their weights."""
        for weight, master in self._apart():
            weight.copy_(master)

    def state(self) -> list[Tensor]:
        """Return the masters of weights of 16 bits."""
        return [master.detach() for _, master in self._apart()]

    @torch.no_grad()
    def load_state(self, state: Sequence[Tensor]) -> None:
        """Take masters that `state` returned."""
        for (_, master), kept in zip(self._apart(), state, strict=True):
            master.copy_(kept)

    def _apart(self) -> list[tuple[Tensor, Tensor]]:
        pairs = zip(self._weights, self.exact, strict=True)
        return [(weight, master) for weight, master in pairs if weight is not master]
