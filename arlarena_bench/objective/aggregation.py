"""From per-token losses to the scalar an optimiser minimises."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Totals:
    """Sizes of a whole minibatch: what the reduction of each of its shards divides by.

    Totals of shards add up to those of the whole, `sum(map(Totals.of, masks), Totals())`, so
    that several processes need exchange four numbers only.

    Attributes:
        tokens: Tokens that count.
        rows: Rows, those without such a token included.
        occupied_rows: Rows with at least one.
        length: Padded length of a row, tokens.
    """

    tokens: int = 0
    rows: int = 0
    occupied_rows: int = 0
    length: int = 0

    @classmethod
    def of(cls, mask: Tensor) -> "Totals":
        """Measure a mask, (rows, tokens): 1 where a token counts, else 0.

        Raises:
            ArenaError: If it has another shape.
        """
        if mask.dim() != 2:
            raise ArenaError(f"Totals need a mask (rows, tokens), got {tuple(mask.shape)}")
        kept = mask > 0
        # One transfer from the device, not two.
        tokens, occupied = torch.stack([kept.sum(), kept.any(-1).sum()]).tolist()
        return cls(tokens, mask.shape[0], occupied, mask.shape[1])

    def __add__(self, other: "Totals") -> "Totals":
        """Return the totals of both; shards may be padded to different lengths."""
        return Totals(
            self.tokens + other.tokens,
            self.rows + other.rows,
            self.occupied_rows + other.occupied_rows,
            max(self.length, other.length),
        )


def reduce(values: Tensor, mask: Tensor, mode: str, totals: Totals) -> Tensor:
    """Reduce the per-token losses of a shard to its share of the whole minibatch's loss.

    The shares of all shards add up to `aggregate` of the whole, and so do their gradients. The
    modes are those of `aggregate`; N, T_i and T are the whole minibatch's, taken from `totals`.

    Args:
        values: (rows, tokens) losses of whole rows; what stands outside the mask is ignored,
            even NaN.
        mask: (rows, tokens) 1 where a token counts, else 0.
        mode: One of `AGGREGATIONS`.
        totals: Of the masks of all shards: where the loss leaves tokens out, of what it kept.

    Returns:
        A scalar tensor; 0, still attached to the graph, when the mask is empty.

    Raises:
        ArenaError: If the mode is unknown, the shapes differ, or `totals` is something else.
    """
    if mode not in AGGREGATIONS:
        raise unknown("aggregation", mode, AGGREGATIONS)
    if values.dim() != 2 or values.shape != mask.shape:
        raise ArenaError(
            f"a reduction needs values and mask of one shape (rows, tokens), "
            f"got {tuple(values.shape)} and {tuple(mask.shape)}"
        )
    if not isinstance(totals, Totals):
        raise ArenaError(f"reduce needs Totals.of(mask), got {type(totals).__name__}")
    kept = mask > 0
    values = torch.where(kept, values, 0)
    match mode:
        case "token-mean":
            return values.sum() / max(totals.tokens, 1)
        case "seq-mean-token-mean":
            means = masked_mean(values, kept.to(values.dtype), dim=-1)
            return means.sum() / max(totals.occupied_rows, 1)
        case "seq-mean-token-sum":
            return values.sum() / max(totals.rows, 1)
        case "seq-mean-token-sum-norm":
            return values.sum() / max(totals.length, 1)
        case _:
            return values.sum() / max(totals.rows * totals.length, 1)


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
    return reduce(values, mask, mode, Totals.of(mask))
