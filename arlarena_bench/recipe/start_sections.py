"""Where training begins: a policy cloned here, one that ships, or a checkpoint of any model."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from arlarena_bench.recipe.sections import PositiveCount, Section


class LoraSection(Section):
    """Low-rank adapters (Hu et al., 2021), which alone are trained; by the `peft` package.

    Attributes:
        rank: Of each adapter.
        alpha: An adapter's product is multiplied by `alpha / rank`.
        targets: Names of the layers that get one; `"all-linear"` for every linear layer but the
            output layer.
    """

    rank: PositiveCount = 32
    alpha: PositiveCount = 64
    targets: Literal["all-linear"] | Annotated[list[str], Field(min_length=1)] = "all-linear"


class CheckpointSection(Section):
    """Any causal language model of the transformers library.

    Attributes:
        ref: A model folder, or the id of one on the Hugging Face hub.
        revision: Branch, tag or commit on the hub; its default branch if None.
        dtype: Precision of the weights; `"auto"` is bfloat16 on a GPU that has it, else float32.
            The optimiser computes in float32 whatever this is.
        device: Where it computes; `"auto"` is the first GPU where there is one, else the CPU.
        attention: The library's implementation; its own choice if None.
        gradient_checkpointing: Whether updates compute a layer's inside twice instead of keeping
            it; prompts that rows share are then read once a row.
        lora: Train adapters only; None trains all weights.
    """

    ref: Annotated[str, Field(min_length=1)]
    revision: str | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    attention: Literal["eager", "sdpa", "flash_attention_2"] | None = None
    gradient_checkpointing: bool = False
    lora: LoraSection | None = None


class StartSection(Section):
    """Which policy training begins from.

    Attributes:
        frozen: SHA-256 of a shipped set of starts, of which seed s takes the one numbered s,
            counted round.
        checkpoint: A model of the user's. With neither, a start is cloned on this machine for all
            seeds, as `cloning` says.
    """

    newer = ("checkpoint",)
    frozen: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    checkpoint: CheckpointSection | None = None

    @model_validator(mode="after")
    def _one_start(self) -> "StartSection":
        if self.frozen is not None and self.checkpoint is not None:
            raise ValueError(
                "frozen and checkpoint are two starts; set frozen to null to begin from the "
                "checkpoint"
            )
        return self
