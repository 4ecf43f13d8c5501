"""An episode in verl: its servers answer, our environments ask, and each turn becomes a row."""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from verl.experimental.agent_loop.agent_loop import (
    AgentLoopBase,
    AgentLoopMetrics,
    AgentLoopOutput,
    register,
)

from arlarena_bench.engines.verl.command import CPU_ROLLOUT, RECIPE
from arlarena_bench.engines.verl.credit import EPISODE, SECONDS
from arlarena_bench.engines.verl.episode_play import Played, Seats
from arlarena_bench.engines.verl.task_rows import AGENT
from arlarena_bench.episode import Generation
from arlarena_bench.policy.model_folder import load_config, load_generation_config
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.policy.token_sampler import ends_of
from arlarena_bench.recipe import Recipe, read_recipe
from arlarena_bench.streams import Stream, stream_seed
from arlarena_bench.training.evaluate import evaluation_sampling
from arlarena_bench.training.rows import split_episode


@register(AGENT)
class ArenaAgentLoop(AgentLoopBase):
    """Plays one episode; verl makes one of these for each.

    Args:
        trainer_config: All of verl's settings.
        server_manager: Its client of the servers that answer.
        tokenizer: The model's.
        data_config: verl's `data`, which names the recipe.
    """

    def __init__(
        self, trainer_config: Any, server_manager: Any, tokenizer: Any, data_config: Any, **_: Any
    ) -> None:
        # Not the base's own: it would ask of the tokenizer of a Qwen3 that it be Qwen's.
        self.config = trainer_config.config
        self.server_manager = server_manager
        self.tokenizer = tokenizer
        model = self.config.actor_rollout_ref.model.path
        self._seats = _seats(data_config.config[RECIPE], model, tokenizer)

    async def run(self, sampling_params: dict[str, Any], **row: Any) -> list[AgentLoopOutput]:
        """Play the task of a row of our dataset; return the rows of its episode."""
        # One name an episode keeps it on one server, which knows its prompts so far.
        request = uuid4().hex
        stream = Stream(row["streams"][row["session_id"]])
        sampling = _sampling(self._seats.recipe, row["decoder"])
        drawn = _drawn_by(sampling)
        told: list[dict[str, Any]] = []

        async def answer(ids: tuple[int, ...]) -> Generation:
            source = self._source(stream.sub(len(told))) if sampling.temperature else {}
            said = await self.server_manager.generate(
                request_id=request,
                prompt_ids=list(ids),
                sampling_params=sampling_params | drawn | source,
            )
            told.append(said.extra_fields)
            text = self.tokenizer.decode(said.token_ids, skip_special_tokens=True)
            return Generation(text, ids, tuple(said.token_ids), tuple(said.log_probs))

        return episode_outputs(await self._seats.play(row["task_id"], answer), told)

    def _source(self, stream: Stream) -> dict[str, Any]:
        """Return where a server takes a reply's random numbers from."""
        if self.config.actor_rollout_ref.rollout.name == CPU_ROLLOUT:
            return {"stream": stream.name}
        return {"seed": stream_seed(stream.name)}


def episode_outputs(played: Played, told: list[dict[str, Any]]) -> list[AgentLoopOutput]:
    """Return the rows of an episode as verl takes them; the first carries all of it.

    Args:
        played: An episode with a turn at least.
        told: What the server said beside each reply; verl's metrics read it.
    """
    episode, seconds = played
    outcome = {"acc": float(episode.success), "score": episode.score}
    outputs = [
        AgentLoopOutput(
            prompt_ids=list(row.turns[0].generation.prompt_ids),
            response_ids=row.ids,
            response_mask=[int(counts) for counts in row.mask],
            response_logprobs=row.log_probs,
            num_turns=len(row.turns),
            metrics=AgentLoopMetrics(),
            # verl looks for the outcome in each row of an episode that has a reward.
            extra_fields={**told[row.position], "reward_extra_info": outcome},
        )
        for row in split_episode(0, episode)
    ]
    outputs[0].extra_fields |= {EPISODE: asdict(episode), SECONDS: seconds}
    outputs[-1].reward_score = episode.total_reward
    return outputs


def _sampling(recipe: Recipe, decoder: str) -> Sampling:
    """Return how replies are drawn under a decoder of the recipe's, or without one in training."""
    if decoder:
        return evaluation_sampling(recipe, decoder)
    train = recipe.train
    return Sampling(train.max_new_tokens, train.temperature, train.top_p, train.top_k)


def _drawn_by(sampling: Sampling) -> dict[str, Any]:
    """Return the same in the words of verl's servers."""
    return {
        "max_tokens": sampling.max_new_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k or -1,
    }


@lru_cache(maxsize=1)
def _seats(recipe: str, model: str, tokenizer: Any) -> Seats:
    folder = Path(model)
    ends = ends_of(load_config(folder).get_text_config(), load_generation_config(folder))
    return Seats(read_recipe(Path(recipe)), tokenizer, ends)
