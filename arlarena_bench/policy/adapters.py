"""Low-rank adapters (LoRA) of the peft package, which alone are trained and kept."""

import copy
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.model_folder import first_line, quiet
from arlarena_bench.recipe import LoraSection
from arlarena_bench.streams import torch_stream

ADAPTER = "default"  # what peft calls the only one of a model


class AdaptedModel(LanguageModel):
    """A language model with adapters beside its weights, which stay as they are.

    Args:
        model: It gets the adapters.
        lora: Their size, and where they are.
        seed: Of their initial weights, which leave every answer as it was.

    Raises:
        ArenaError: If peft is not installed, or the model has no such layers.
    """

    def __init__(self, model: LanguageModel, lora: LoraSection, seed: int) -> None:
        try:
            import peft
        except ImportError:
            raise ArenaError(
                "start.checkpoint.lora needs the package peft: pip install 'arlarena-bench[peft]'"
            ) from None
        config = peft.LoraConfig(
            r=lora.rank, lora_alpha=lora.alpha, target_modules=lora.targets, task_type="CAUSAL_LM"
        )
        # The library draws from the global generator; ours replace every weight that it drew.
        with torch.random.fork_rng(devices=[]), quiet(), warnings.catch_warnings():
            # It asks the library by names that the library means to drop.
            warnings.simplefilter("ignore", FutureWarning)
            try:
                self._adapted: Any = peft.get_peft_model(model.model, config)
            except ValueError as error:
                raise ArenaError(f"start.checkpoint.lora.targets: {first_line(error)}") from error
        generator = torch_stream(seed, "adapters")
        with torch.no_grad():
            for name, weight in sorted(self._adapted.named_parameters()):
                if "lora_A" in name:
                    bound = 1 / math.sqrt(weight.shape[-1])
                    drawn = torch.empty(weight.shape).uniform_(-bound, bound, generator=generator)
                    weight.copy_(drawn)
        super().__init__(
            self._adapted.get_base_model(), model.tokenizer, model.chat, model.batch_tokens
        )

    @contextmanager
    def adapters_off(self) -> Iterator[None]:
        """Answer as the model did before it was trained."""
        with self._adapted.disable_adapter():
            yield

    @torch.no_grad()
    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every weight with the adapters merged, one layer at a time."""
        for name, weight in super().weights():
            layer, _, kind = name.rpartition(".")
            merged = layer.removesuffix(".base_layer")
            if merged == layer:
                if "lora_" not in name:
                    yield name, weight
                continue
            if kind == "weight":
                delta = self.model.get_submodule(merged).get_delta_weight(ADAPTER)
                weight = weight + delta.to(weight.dtype)
            yield f"{merged}.{kind}", weight

    def state(self) -> dict[str, Any]:
        """Return the weights of the adapters."""
        import peft

        state: dict[str, Any] = peft.get_peft_model_state_dict(self._adapted)
        return state

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take weights that `state` returned.

        Raises:
            ArenaError: If they are those of other adapters.
        """
        import peft

        own = self.state()
        if {n: w.shape for n, w in own.items()} != {n: w.shape for n, w in state.items()}:
            raise ArenaError("its adapters are of another model, or of other sizes")
        peft.set_peft_model_state_dict(self._adapted, dict(state))

    def save(self, folder: Path) -> None:
        """Write an ordinary model folder, the adapters merged into the weights."""
        with quiet():
            copy.deepcopy(self._adapted).merge_and_unload().save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)
