"""Whether the tokens on record are those of the replies."""

from functools import cache
from pathlib import Path
from typing import Any

from arlarena_bench.record import EpisodeRecord, Result
from arlarena_bench.training.start_set import find_set


class TokenCheck:
    """Compares replies with their tokens, by the tokenizer that ships with the recipe's starts.

    Args:
        result: Whose episodes are compared. Without a shipped start nothing is, nor for policies
            that did not begin from one.
    """

    def __init__(self, result: Result) -> None:
        self._tokenizer: Any = None
        self._most = result.recipe.train.max_new_tokens
        frozen = result.recipe.start.frozen
        if frozen is not None and result.policy.kind in ("trained", "start"):
            shipped = find_set(frozen)
            self._tokenizer = _tokenizer(shipped.start(shipped.number(result.seed)))

    def difference(self, episode: EpisodeRecord) -> str | None:
        """Return the first turn whose tokens are not its reply's; None if there is none."""
        turns = episode.turns
        if self._tokenizer is None or turns is None:
            return None
        size = len(self._tokenizer)
        for number, ids in enumerate(turns.token_ids):
            if len(ids) > self._most:
                return f"turn {number + 1}: {len(ids)} tokens, a reply has at most {self._most}"
            if any(token >= size for token in ids):
                return f"turn {number + 1}: token {max(ids)} is none of the {size} that there are"
        texts = self._tokenizer.batch_decode(
            [list(ids) for ids in turns.token_ids], skip_special_tokens=True
        )
        for number, (text, reply) in enumerate(zip(texts, turns.replies, strict=True)):
            if text != reply:
                return f"turn {number + 1}: its tokens are of another reply"
        return None


@cache
def _tokenizer(folder: Path) -> Any:
    from transformers import PreTrainedTokenizerFast  # takes seconds

    return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
