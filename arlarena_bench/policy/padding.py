"""Prompts as tensors, each distinct prompt held once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class PaddedPrompts:
    """The prompts of a batch of rows, deduplicated and padded on the left.

    Episodes of a group begin alike and often meet the same states again, so most prompts of a
    rollout occur several times; a model need read each of them only once.

    Attributes:
        ids: (distinct, longest) token ids.
        mask: (distinct, longest) bool, False on padding.
        index: (rows,) which distinct prompt each row has.
    """

    ids: Tensor
    mask: Tensor
    index: Tensor

    @classmethod
    def pack(cls, prompts: Sequence[tuple[int, ...]], pad_id: int) -> "PaddedPrompts":
        """Pack one prompt a row, at least two tokens each."""
        place = {prompt: number for number, prompt in enumerate(dict.fromkeys(prompts))}
        longest = max(map(len, place))
        ids = torch.tensor([(pad_id,) * (longest - len(p)) + p for p in place])
        lengths = torch.tensor([len(p) for p in place])
        mask = torch.arange(longest) >= longest - lengths[:, None]
        return cls(ids, mask, torch.tensor([place[p] for p in prompts]))

    def select(self, rows: Tensor) -> "PaddedPrompts":
        """Return the prompts of some rows, padding that none of them needs removed."""
        distinct, index = torch.unique(self.index[rows], return_inverse=True)
        mask = self.mask[distinct]
        first = int(mask.any(0).int().argmax())
        return PaddedPrompts(self.ids[distinct, first:], mask[:, first:], index)
