"""Rollouts without accelerators: a server that answers by our own sampler.

verl has servers for GPUs alone. `model.external_lib` names this module, which every process imports
before it asks for one of them.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import ray
import torch
from torch import Tensor
from verl.workers.rollout.base import _ROLLOUT_REGISTRY, BaseRollout
from verl.workers.rollout.replica import RolloutReplica, RolloutReplicaRegistry, TokenOutput

from arlarena_bench.engines.verl.command import CPU_ROLLOUT
from arlarena_bench.engines.verl.handed_weights import take_weights
from arlarena_bench.episode import Generation
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.streams import Stream

# Seconds in which requests are gathered to be answered together.
GATHERING = 0.01


class _Request(NamedTuple):
    """What is asked, how it is answered, and where the answer goes."""

    prompt: tuple[int, ...]
    sampling: Sampling
    stream: Stream
    answer: asyncio.Future[Generation]


class SamplerServer:
    """Gathers requests for a moment and answers them together, in one process.

    Args:
        folder: Of a model.
    """

    def __init__(self, folder: str) -> None:
        torch.set_num_threads(1)
        self._policy = LanguageModel.load(Path(folder))
        self._version: int | None = None
        self._waiting: list[_Request] = []
        self._serving: asyncio.Future[None] | None = None

    async def generate(
        self, request_id: str, prompt_ids: list[int], sampling_params: dict[str, Any], **_: Any
    ) -> TokenOutput:
        """Answer a prompt of tokens, drawn from the stream that is named."""
        asked = sampling_params
        top_k = max(asked["top_k"], 0)  # -1 stands for all tokens
        sampling = Sampling(asked["max_tokens"], asked["temperature"], asked["top_p"], top_k)
        answer: asyncio.Future[Generation] = asyncio.get_running_loop().create_future()
        stream = Stream(asked.get("stream", ""))
        self._waiting.append(_Request(tuple(prompt_ids), sampling, stream, answer))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.ensure_future(self._serve())
        said = await answer
        return TokenOutput(
            token_ids=list(said.reply_ids),
            log_probs=list(said.log_probs),
            stop_reason="completed",
            num_preempted=0,
            extra_fields={"global_steps": self._version},
        )

    async def _serve(self) -> None:
        await asyncio.sleep(GATHERING)
        while self._waiting:
            requests, self._waiting = self._waiting, []
            alike: dict[Sampling, list[_Request]] = defaultdict(list)
            for request in requests:
                alike[request.sampling].append(request)
            for sampling, group in alike.items():
                await self._answer(sampling, group)

    async def _answer(self, sampling: Sampling, requests: list[_Request]) -> None:
        prompts = [request.prompt for request in requests]
        streams = [request.stream for request in requests]
        try:
            said = await asyncio.to_thread(self._policy.generate, prompts, sampling, streams)
        except Exception as error:  # each of who asked has to be told
            for request in requests:
                request.answer.set_exception(error)
            return
        for request, generation in zip(requests, said, strict=True):
            request.answer.set_result(generation)

    async def load(self, weights: dict[str, Tensor], version: int | None) -> None:
        """Answer by other weights from now on."""
        take_weights(self._policy, weights)
        self._version = version

    async def _nothing(self, *_: Any, **__: Any) -> None:
        pass

    sleep = wake_up = abort_all_requests = resume_generation = clear_kv_cache = _nothing
    release_kv_cache = resume_kv_cache = start_profile = stop_profile = _nothing


class SamplerReplica(RolloutReplica):
    """verl's side of that server: who starts it."""

    async def launch_servers(self) -> None:
        """Start the server."""
        options = {"max_concurrency": self.max_concurrency, "num_cpus": 0}
        server = ray.remote(SamplerServer).options(name=_name(self.replica_rank), **options)
        handle = server.remote(self.model_config.path)
        await handle.sleep.remote()  # until it is there
        self.servers, self._server_handle = [handle], handle
        self._server_address = f"local:{self.replica_rank}"


class WeightSender(BaseRollout):
    """The ranks' side of it: who hands it the weights."""

    def __init__(self, config: Any, model_config: Any, device_mesh: Any, *_: Any, **__: Any):
        super().__init__(config, model_config, device_mesh)
        rank, ranks = int(os.environ["RANK"]), self.config.tensor_model_parallel_size
        self._server, self._sends = _name(rank // ranks), rank % ranks == 0

    async def resume(self, tags: list[str]) -> None:
        """Do nothing: no memory was given back."""

    async def release(self) -> None:
        """Do nothing: no memory is given back."""

    async def update_weights(
        self, weights: Iterator[tuple[str, Tensor]], global_steps: int | None = None, **_: Any
    ) -> None:
        """Hand over all weights, each of which is put together by all ranks."""
        whole = {name: weight.detach().cpu() if self._sends else None for name, weight in weights}
        if self._sends:
            await ray.get_actor(self._server).load.remote(whole, global_steps)


def _name(replica: int) -> str:
    return f"arlarena_server_{replica}"


RolloutReplicaRegistry.register(CPU_ROLLOUT, lambda: SamplerReplica)
_ROLLOUT_REGISTRY[(CPU_ROLLOUT, "async")] = f"{__name__}.{WeightSender.__name__}"
