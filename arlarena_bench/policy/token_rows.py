"""Prompts and replies as tensors: what a model reads in an update."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from arlarena_bench.policy.padding import PaddedPrompts


@dataclass(frozen=True, slots=True)
class Rows:
    """Prompts and replies as sampled, never tokenised again.

    Attributes:
        prompts: The prompt of each row.
        replies: (rows, tokens) ids, padded on the right; a conversation holds behind its first
            prompt what the environment wrote between the replies, too.
        mask: (rows, tokens) 1 where the policy wrote the token and it counts in the loss.
        old_log_probs: (rows, tokens) as recorded while sampling; 0 where it did not write.
    """

    prompts: PaddedPrompts
    replies: Tensor
    mask: Tensor
    old_log_probs: Tensor

    def select(self, index: Tensor, tokens: int | None = None) -> "Rows":
        """Return some rows and the first `tokens` of their replies; prompts are padded anew."""
        return Rows(
            self.prompts.select(index),
            self.replies[index, :tokens],
            self.mask[index, :tokens],
            self.old_log_probs[index, :tokens],
        )

    def distinct(self) -> tuple[PaddedPrompts, Tensor, Tensor]:
        """Return prompts and replies of the distinct rows, and (rows,) which of them each row is.

        Episodes of a group often answer the same states alike, a trained policy most of all; a
        model need read each pair only once.
        """
        pairs = torch.cat([self.prompts.index[:, None], self.replies], dim=1)
        kept, index = torch.unique(pairs, dim=0, return_inverse=True)
        return replace(self.prompts, index=kept[:, 0]), kept[:, 1:], index

    def micro_batches(self, limit: int | None) -> list[tuple[Tensor, int]]:
        """Cut the rows into parts that a model reads at once, rows of like length together.

        Args:
            limit: Most tokens of a part: its rows times its longest prompt and longest reply. A
                longer row is a part of its own. None for one part.

        Returns:
            Of each part the numbers of its rows, and the length to which their replies count.
        """
        rows, width = self.mask.shape
        if limit is None:
            return [(torch.arange(rows), width)]
        prompts = self.prompts.mask.sum(1)[self.prompts.index]
        replies = torch.where(self.mask > 0, torch.arange(1, width + 1), 1).amax(1)
        prompt, reply = prompts.tolist(), replies.tolist()
        parts: list[tuple[list[int], int, int]] = []
        for row in (prompts + replies).argsort(stable=True).tolist():
            members, longest_prompt, longest_reply = parts[-1] if parts else ([], 0, 0)
            longest_prompt = max(longest_prompt, prompt[row])
            longest_reply = max(longest_reply, reply[row])
            if members and (len(members) + 1) * (longest_prompt + longest_reply) <= limit:
                parts[-1] = ([*members, row], longest_prompt, longest_reply)
            else:
                parts.append(([row], prompt[row], reply[row]))
        return [(torch.tensor(members), length) for members, _, length in parts]

    def largest(self, parts: list[tuple[Tensor, int]]) -> int:
        """Return the tokens of the largest of such parts, counted as `micro_batches` does."""
        prompts = self.prompts.mask.sum(1)[self.prompts.index]
        return max(len(rows) * (int(prompts[rows].max()) + length) for rows, length in parts)
