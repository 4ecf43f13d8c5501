"""The vLLM package in this process: its engine, and how weights get into it.

Importing this module imports vLLM, which takes seconds; `VllmSampler` does so when it is made.
"""

import os
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Read when an engine is made. It has to be in this process for weights to be handed over as
# tensors; what it reports to its makers, and logs, is left to the user.
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "CRITICAL")

import torch
from torch import Tensor
from vllm import LLM, SamplingParams
from vllm.config import WeightTransferConfig
from vllm.distributed.weight_transfer import WeightTransferEngine, WeightTransferEngineFactory
from vllm.inputs import TokensPrompt
from vllm.model_executor.model_loader.reload import (
    finalize_layerwise_reload,
    initialize_layerwise_reload,
)
from vllm.sampling_params import RequestOutputKind

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.sampling import Sampling

READ_AT_ONCE = 4096  # tokens of prompts, on a CPU
HANDED = "arlarena"  # name of our way to transfer weights, as the engine's settings have it


@dataclass
class _Nothing:
    """What our way to transfer weights needs to know beforehand."""


@dataclass
class _Weights:
    weights: Iterable[tuple[str, Tensor]]


class _InProcess(WeightTransferEngine):  # type: ignore[misc] # vLLM is untyped where it is absent
    """Takes weights from the same process, by name; the built-in ways need CUDA or another one."""

    init_info_cls = _Nothing
    update_info_cls = _Weights

    def init_transfer_engine(self, init_info: _Nothing) -> None:
        pass

    def start_weight_update(self) -> None:
        # Shared weights go by each of their names: on a CPU, each layer packs a copy of its own.
        named = self.model.named_parameters(remove_duplicate=False)
        self._names = {name for name, _ in named}
        initialize_layerwise_reload(self.model)

    def receive_weights(self, update_info: _Weights) -> None:
        loaded = self.model.load_weights(iter(update_info.weights))
        if loaded is not None and (missing := sorted(self._names - loaded)):
            raise ArenaError(f"vLLM was not given {missing[0]} of {len(missing)} weights it needs")

    def finish_weight_update(self) -> None:
        finalize_layerwise_reload(self.model, self.model_config)

    def shutdown(self) -> None:
        pass

    @staticmethod
    def trainer_send_weights(*_: Any, **__: Any) -> None:
        """Do nothing: what versions before 0.32 want of each way, and no one calls here."""


WeightTransferEngineFactory.register_engine(HANDED, _InProcess)


@dataclass(slots=True)
class Written:
    """A reply as it was sampled.

    Attributes:
        ids: Its tokens, the end included.
        log_probs: Of each, nats, under the distribution that it was drawn from.
    """

    ids: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)


class VllmEngine:
    """vLLM with one model. A process has one at a time: another closes the one before.

    Args:
        folder: The model's.
        dtype: Its precision, by torch's name.
        context: Longest prompt and reply together, tokens; None for the model's own.
        cache_bytes: For keys and values.
        on_gpu: Whether it computes there.
        eager: Whether nothing is compiled.
        ends: Tokens that end a reply.

    Attributes:
        close: Gives back what it holds, at the end of its life at the latest.
    """

    close: "weakref.finalize[[], VllmEngine]"

    def __init__(
        self,
        folder: Path,
        dtype: str,
        context: int | None,
        cache_bytes: int,
        on_gpu: bool,
        eager: bool,
        ends: Sequence[int],
    ) -> None:
        for other in list(_OPEN):
            other.close()
        self._ends = list(ends)
        self._llm = LLM(
            model=str(folder),
            dtype=dtype,
            max_model_len=context,
            kv_cache_memory_bytes=cache_bytes,
            enforce_eager=eager,
            skip_tokenizer_init=True,
            generation_config="vllm",  # none of the folder's defaults
            logprobs_mode="processed_logprobs",
            weight_transfer_config=WeightTransferConfig(backend=HANDED),
            enable_prefix_caching=True,
            **(_beside_others(cache_bytes) if on_gpu else _whole_prompts(context)),
            use_tqdm_on_load=False,
            disable_log_stats=True,
        )
        # vLLM's groups of processes are the process's own; what is collected later ends another's.
        self.close = weakref.finalize(self, self._llm.llm_engine.engine_core.shutdown)
        _OPEN.add(self)
        self._llm.init_weight_transfer_engine({"init_info": {}})
        # What a model's attention cannot do shows in its first token only.
        self.write([[0, 0]], Sampling(1, temperature=0), [None], [None])

    def take(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Answer by other weights of the same model from now on, and by nothing read before.

        Args:
            weights: Named as in its folder; those that layers share, by each of their names.
        """
        self._check_open()
        self._llm.start_weight_update()
        self._llm.update_weights({"update_info": {"weights": weights}})
        self._llm.finish_weight_update()
        self.forget()

    def forget(self) -> None:
        """Drop the keys and values of prompts that were read; they are those of older weights."""
        if not self._llm.reset_prefix_cache():
            raise ArenaError("vLLM keeps keys and values of older weights")

    def write(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        seeds: Sequence[int | None],
        is_complete: Sequence[Callable[[list[int]], bool] | None],
    ) -> list[Written]:
        """Sample a reply to each prompt.

        Args:
            prompts: Token ids.
            sampling: How to draw.
            seeds: Of each prompt's draws.
            is_complete: Of each prompt, what tells of the tokens so far that the reply ends with
                them; what vLLM sampled behind is dropped.
        """
        self._check_open()
        engine = self._llm.llm_engine
        replies = [Written() for _ in prompts]
        writing = {str(number) for number in range(len(prompts))}
        try:
            for number, prompt in enumerate(prompts):
                watched = is_complete[number] is not None
                params = self._params(sampling, seeds[number], watched)
                engine.add_request(str(number), TokensPrompt(prompt_token_ids=list(prompt)), params)
            while engine.has_unfinished_requests():
                for output in engine.step():
                    number = int(output.request_id)
                    ended = _add(replies[number], output.outputs[0], is_complete[number])
                    if ended and not output.finished:
                        engine.abort_request([output.request_id])
                    if ended or output.finished:
                        writing.discard(output.request_id)
        finally:
            engine.abort_request(sorted(writing))
        return replies

    def _check_open(self) -> None:
        if not self.close.alive:
            raise ArenaError("vLLM plays another model in this process by now; it takes one")

    def _params(self, sampling: Sampling, seed: int | None, watched: bool) -> Any:
        return SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            max_tokens=sampling.max_new_tokens,
            seed=seed,
            stop_token_ids=self._ends,
            ignore_eos=True,  # the ends are ours
            logprobs=0,
            detokenize=False,
            output_kind=RequestOutputKind.DELTA if watched else RequestOutputKind.FINAL_ONLY,
        )


def _beside_others(cache_bytes: int) -> dict[str, float]:
    """Return what share of a GPU's memory must be free: as much as keys and values take.

    vLLM asks for nine tenths even where it is told their size, and whoever trains beside it, or
    runs a second one, has less.
    """
    return {"gpu_memory_utilization": cache_bytes / torch.cuda.mem_get_info()[1]}


def _whole_prompts(context: int | None) -> dict[str, Any]:
    """Return settings by which no prompt is read in parts.

    On a CPU, vLLM 0.32 cannot go on with a seeded draw behind a part of a prompt.
    """
    most = max(READ_AT_ONCE, context or 0)
    return {"enable_chunked_prefill": False, "max_num_batched_tokens": most}


_OPEN: weakref.WeakSet[VllmEngine] = weakref.WeakSet()


def _add(reply: Written, new: Any, is_complete: Callable[[list[int]], bool] | None) -> bool:
    """Add new tokens to a reply; return whether it is complete."""
    for token, found in zip(new.token_ids, new.logprobs or (), strict=True):
        reply.ids.append(token)
        reply.log_probs.append(found[token].logprob)
        if is_complete is not None and is_complete(reply.ids):
            return True
    return False
