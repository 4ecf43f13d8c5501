"""What tests of verl's worker send to its processes, and get back."""

from dataclasses import dataclass

import torch

from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.recipe import Recipe


@dataclass
class Case:
    """A rollout, and the order in which it is learnt from.

    Attributes:
        rows: As sampled; its log-probabilities are the sampler's.
        lengths: Tokens of each row's reply.
        order: The rows of each update.
        padding: Rows without meaning that every rank gets with each of them.
    """

    recipe: Recipe
    model: str
    rows: Rows
    lengths: list[int]
    advantages: torch.Tensor
    reference: torch.Tensor
    old_log_probs: torch.Tensor
    order: list[list[int]]
    padding: int = 0


@dataclass
class Outcome:
    """Metrics, of each update or of all together, and the weights in the end."""

    metrics: list[dict[str, float]]
    weights: dict[str, torch.Tensor]
