"""How long the rows of a run may become."""

from dataclasses import dataclass
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.model_folder import load_config
from arlarena_bench.policy.token_sampler import context_of
from arlarena_bench.recipe import Recipe
from arlarena_bench.text_env import TextEnv


@dataclass(frozen=True, slots=True)
class RowLengths:
    """Most tokens of a row.

    Attributes:
        prompt: Of the first prompt.
        response: Of what follows it: a reply, or the rest of a conversation.
    """

    prompt: int
    response: int

    @property
    def row(self) -> int:
        """Both together."""
        return self.prompt + self.response


def row_lengths(recipe: Recipe, game: TextEnv, model: Path | None) -> RowLengths:
    """Return what bounds rows: the recipe where it does, else the model's context.

    Args:
        recipe: Of the run.
        game: Says whether a row is a conversation.
        model: Folder of the model, None where it is not on this machine.

    Raises:
        ArenaError: If nothing bounds them.
    """
    limit, reply = recipe.protocol.chat.max_prompt_tokens, recipe.train.max_new_tokens
    if limit is not None and not game.transcript:
        return RowLengths(limit, reply)
    context = None if model is None else context_of(load_config(model))
    if context is None:
        raise ArenaError(
            "verl has to know the longest row, and the model's context is not known: set "
            "protocol.chat.max_prompt_tokens, or have the model on this machine"
        )
    prompt = limit or context - reply
    return RowLengths(prompt, context - prompt)
