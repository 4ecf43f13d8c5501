"""vLLM in this process as a sampler; the package is imported when one is made."""

import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError
from safetensors import safe_open
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.model_folder import (
    first_line,
    load_config,
    load_generation_config,
    load_tokenizer,
    weight_files,
)
from arlarena_bench.policy.placement import Placement, use_threads
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.policy.token_sampler import Complete, TokenSampler, context_of, ends_of
from arlarena_bench.recipe import ChatSection, SamplerSection
from arlarena_bench.streams import Stream, stream_seed

if TYPE_CHECKING:
    from arlarena_bench.policy.vllm_engine import VllmEngine

INSTALL = "pip install 'arlarena-bench[vllm]', or on a CPU what `make vllm` of the repository does"
CACHE_ON_CPU = 1 << 30
GIB = 1 << 30


class VllmSampler(TokenSampler):
    """A model folder that vLLM plays; its weights may be replaced by those of a policy in training.

    Tokens are as sampled, and their log-probabilities those of the distribution that they were
    drawn from: under top-p and top-k, of what these leave. Entropies are not given. Each reply is
    drawn by a generator of its own, whose seed follows from its stream.

    Args:
        folder: An ordinary Hugging Face model folder.
        placement: Its precision; the device is the one that vLLM was built for.
        chat: How prompts become a chat.
        settings: The recipe's `sampler` section.

    Raises:
        ArenaError: If vLLM is not installed, or cannot play the model.
    """

    def __init__(
        self, folder: Path, placement: Placement, chat: ChatSection, settings: SamplerSection
    ) -> None:
        engine = _engine_class()
        config = load_config(folder)
        tokenizer: PreTrainedTokenizerBase = load_tokenizer(folder)
        limits = (context_of(config), settings.context)
        super().__init__(
            tokenizer,
            chat,
            vocabulary=config.get_text_config().vocab_size,
            context=min((limit for limit in limits if limit is not None), default=None),
            ends=ends_of(config.get_text_config(), load_generation_config(folder)),
        )
        on_gpu = torch.cuda.is_available()
        sizes = _sizes(folder)
        use_threads(sum(sizes.values()))  # before vLLM is here, which lets nobody change it
        self._stored = set(sizes)
        self._by_name: bool | None = None
        try:
            self._engine: VllmEngine = engine(
                folder,
                str(placement.dtype or torch.get_default_dtype()).removeprefix("torch."),
                self.context,
                _cache_bytes(settings, on_gpu),
                on_gpu,
                settings.eager or not on_gpu,
                self.end_ids,
            )
        except Exception as error:  # of many kinds, by what is wrong with a model or a machine
            raise ArenaError(
                f"vLLM cannot play {folder}: {_said(error)}; sampler.context and sampler.cache_gib "
                "bound what it holds, and sampler.engine=transformers plays without it"
            ) from error

    def follow(self, policy: LanguageModel) -> "VllmSampler":
        """Take over the weights of a policy, and forget what was read with those before.

        Args:
            policy: Of the folder's architecture. Where its weights have other names in memory
                than in the folder, they are written out and read again.

        Returns:
            This sampler.
        """
        if self._by_name is None:
            self._by_name = self._stored <= {name for name, _ in policy.weights()}
        if self._by_name:
            self._engine.take(policy.weights())
            return self
        with tempfile.TemporaryDirectory() as place:
            policy.save(Path(place))
            self._engine.take(_with_shared(_read(Path(place)), policy))
        return self

    def generate(
        self,
        prompts: Sequence[tuple[int, ...]],
        sampling: Sampling,
        streams: Sequence[Stream] = (),
        complete: Sequence[Complete | None] = (),
    ) -> list[Generation]:
        """Sample one reply a prompt, all of them at once as vLLM has room.

        A reply that its format calls complete ends with the token that made it so.

        Raises:
            ArenaError: If a prompt and its reply do not fit into the context, a reply was drawn
                from no distribution, or vLLM has failed.
        """
        self.check_lengths(prompts, sampling.max_new_tokens)
        seeds: list[int | None] = [None] * len(prompts)
        if sampling.temperature:
            seeds = [stream_seed(stream.name) for stream in streams]
        watched = [self._watch(tells) for tells in complete or [None] * len(prompts)]
        try:
            written = self._engine.write(prompts, sampling, seeds, watched)
        except ArenaError:
            raise
        except Exception as error:  # of many kinds, from anywhere in vLLM
            raise ArenaError(f"vLLM has failed: {_said(error)}") from error
        if not all(math.isfinite(value) for reply in written for value in reply.log_probs):
            raise ArenaError("the policy's logits are NaN or infinite; its weights have diverged")
        return [
            Generation(text, prompt, tuple(reply.ids), tuple(reply.log_probs))
            for text, prompt, reply in zip(
                self.texts([reply.ids for reply in written]), prompts, written, strict=True
            )
        ]

    def _watch(self, tells: Complete | None) -> Callable[[list[int]], bool] | None:
        return None if tells is None else lambda ids: tells(self.texts([ids])[0])


def _engine_class() -> "type[VllmEngine]":
    try:
        from arlarena_bench.policy.vllm_engine import VllmEngine
    except ImportError as error:
        raise ArenaError(
            f"sampler.engine: vllm needs the package vllm from 0.32 on ({first_line(error)}): "
            f"{INSTALL}"
        ) from None
    return VllmEngine


def _cache_bytes(settings: SamplerSection, on_gpu: bool) -> int:
    """Return the size of vLLM's keys and values: as set, half of a GPU's free memory, or 1 GiB."""
    if settings.cache_gib is not None:
        return int(settings.cache_gib * GIB)
    return torch.cuda.mem_get_info()[0] // 2 if on_gpu else CACHE_ON_CPU


def _sizes(folder: Path) -> dict[str, int]:
    """Return how many numbers each weight in a folder has; none of files other than safetensors."""
    sizes: dict[str, int] = {}
    for path in weight_files(folder):
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                for name in sorted(file.keys()):
                    sizes[name] = math.prod(file.get_slice(name).get_shape())
    return sizes


def _read(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield all weights in a folder that was just written."""
    for path in weight_files(folder):
        with safe_open(path, "pt") as file:
            yield from ((name, file.get_tensor(name)) for name in sorted(file.keys()))


def _with_shared(
    stored: Iterable[tuple[str, Tensor]], policy: LanguageModel
) -> Iterator[tuple[str, Tensor]]:
    """Yield weights by each name that they have in memory; a folder has one of them."""
    names: dict[int, list[str]] = defaultdict(list)
    for name, weight in policy.model.named_parameters(remove_duplicate=False):
        names[id(weight)].append(name)
    shared = {name: group for group in names.values() if len(group) > 1 for name in group}
    for name, weight in stored:
        yield from ((each, weight) for each in shared.get(name, [name]))


def _said(error: Exception) -> str:
    """Return what an error says in a line; one of pydantic says it behind its own heading."""
    if isinstance(error, ValidationError):
        said: Any = error.errors()[0]["msg"]
        return str(said).split("\n")[0]
    return first_line(error)
