"""From per-token losses to the scalar an optimiser minimises."""

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.objective.ratio import masked_mean

AGGREGATIONS = (
    "token-mean",
    "seq-mean-token-mean",
    "seq-mean-token-sum",
    "seq-mean-token-sum-norm",
    "seq-mean-token-sum-norm-text",
)


def aggregate(values: Tensor, mask: Tensor, mode: str) -> Tensor:
    """Reduce per-token losses to one number (ARLArena, Eq. S2-S5).

    A row is a sequence: N rows, T_i valid tokens in row i, T the padded length.

    * `token-mean` (S2): Σ_i Σ_t v / Σ_i T_i.
    * `seq-mean-token-mean` (S3): mean over rows of Σ_t v / T_i; rows without a token are left out.
    * `seq-mean-token-sum` (S4): (1/N) Σ_i Σ_t v.
    * `seq-mean-token-sum-norm`: (1/T) Σ_i Σ_t v, as the official code computes it.
    * `seq-mean-token-sum-norm-text` (S5): (1/(N·T)) Σ_i Σ_t v, as the paper prints it.

    Args:
        values: (rows, tokens) losses; what stands outside the mask is ignored, even NaN.
        mask: (rows, tokens) 1 where a token counts, else 0.
        mode: One of `AGGREGATIONS`.

    Returns:
        A scalar tensor; 0, still attached to the graph, when the mask is empty.

    Raises:
        ArenaError: If the mode is unknown or the shapes differ.
    """
    if mode not in AGGREGATIONS:
        raise unknown("aggregation", mode, AGGREGATIONS)
    if values.dim() != 2 or values.shape != mask.shape:
        raise ArenaError(
            f"aggregate needs values and mask of one shape (rows, tokens), "
            f"got {tuple(values.shape)} and {tuple(mask.shape)}"
        )
    kept = mask > 0
    values, weight = torch.where(kept, values, 0), kept.to(values.dtype)
    rows, tokens = values.shape
    match mode:
        case "token-mean":
            return masked_mean(values, weight)
        case "seq-mean-token-mean":
            return masked_mean(masked_mean(values, weight, dim=-1), kept.any(-1).to(values.dtype))
        case "seq-mean-token-sum":
            return values.sum() / max(rows, 1)
        case "seq-mean-token-sum-norm":
            return values.sum() / max(tokens, 1)
        case _:
            return values.sum() / max(rows * tokens, 1)
