"""Whether a model can be asked as we ask it; its architecture's name does not tell."""

from typing import Any, Protocol

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.model_folder import first_line
from arlarena_bench.policy.padding import PaddedPrompts

# In standard deviations of the logits. Sums in another order differ by a hundredth of the first,
# those of 16-bit floats by a tenth of the second; what a model must not see, by more.
TOLERANCE, TOLERANCE_16_BIT = 1e-3, 0.3


class BatchAsked(Protocol):
    """What a language model is asked through; `LanguageModel` describes each part."""

    model: Any

    @property
    def pad_id(self) -> int:
        """The token that fills prompts up."""

    def logits(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor:
        """Return (rows, tokens, vocabulary)."""


@torch.inference_mode()
def check_batching(language_model: BatchAsked) -> None:
    """Refuse a model whose answers in a padded batch, from a shared cache, are not its own.

    Such a one reads padding as text, cannot go on from a cache, or looks ahead, as an encoder does.

    Raises:
        ArenaError: One line that names the model's class.
    """
    model = language_model.model
    kind = type(model).__name__
    vocabulary = model.get_input_embeddings().weight.shape[0]
    ids = [(3 + 7 * place) % vocabulary for place in range(12)]
    prompts, replies = [tuple(ids[:3]), tuple(ids[3:9])], torch.tensor([ids[9:], ids[:3]])
    try:
        shared = language_model.logits(PaddedPrompts.pack(prompts, language_model.pad_id), replies)
        alone = torch.stack(
            [
                model(torch.tensor([[*prompt, *reply]], device=model.device)).logits[
                    0, len(prompt) - 1 : -1
                ]
                for prompt, reply in zip(prompts, replies.tolist(), strict=True)
            ]
        )
    except ArenaError:
        raise
    except Exception as error:
        raise ArenaError(
            f"{kind} cannot be asked in padded batches from a shared cache: {first_line(error)}"
        ) from error
    if not (shared.isfinite().all() and alone.isfinite().all()):
        raise ArenaError(f"{kind} answers with NaN or infinity; its weights are damaged")
    tolerance = TOLERANCE_16_BIT if alone.element_size() == 2 else TOLERANCE
    if not (shared - alone).abs().max() <= tolerance * alone.std():
        raise ArenaError(
            f"{kind} answers otherwise in a padded batch than alone: it is no causal language "
            "model, or one without support for padding and caches"
        )
