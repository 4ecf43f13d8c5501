"""Episodes by verl's agent loop, without Ray, are the local engine's rows."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from relay import relay_recipe
from signpost import signpost_recipe

from arlarena_bench.engines.verl.command import CPU_ROLLOUT, RECIPE
from arlarena_bench.engines.verl.credit import EPISODE
from arlarena_bench.engines.verl.task_rows import training_rows
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.rows import pack_episodes
from arlarena_bench.training.start import start_policy

pytestmark = pytest.mark.verl


class Server:
    """Answers as verl's servers do, in this process."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    async def generate(
        self, request_id: str, prompt_ids: list[int], sampling_params: dict[str, Any]
    ) -> Any:
        from verl.workers.rollout.replica import TokenOutput

        asked = sampling_params
        sampling = Sampling(asked["max_tokens"], asked["temperature"], asked["top_p"])
        assert asked["top_k"] == -1
        prompts, streams = [tuple(prompt_ids)], [Stream(asked["stream"])]
        (said,) = self.model.generate(prompts, sampling, streams)
        return TokenOutput(
            token_ids=said.reply_ids, log_probs=said.log_probs, extra_fields={"global_steps": 0}
        )


@pytest.mark.parametrize("recipe", [signpost_recipe(), relay_recipe()], ids=["turns", "relay"])
def test_rows_are_the_local_engines(recipe: Recipe, tmp_path: Path) -> None:
    from omegaconf import OmegaConf
    from verl.experimental.agent_loop.agent_loop import DictConfigWrap

    from arlarena_bench.engines.verl.agent_loop import ArenaAgentLoop

    start = start_policy(recipe)
    trainer = Trainer(recipe, start)
    sampled, _ = trainer._rollout(1)
    rows, _ = pack_episodes([e for group in sampled for e in group], 0)
    (tmp_path / "recipe.yaml").write_text(recipe.to_yaml())
    rollout = {"name": CPU_ROLLOUT}
    actor = {"model": {"path": str(start)}, "rollout": rollout}
    config = OmegaConf.create({"actor_rollout_ref": actor})
    data = OmegaConf.create({RECIPE: str(tmp_path / "recipe.yaml")})
    wrapped, model = DictConfigWrap(config), trainer.policy
    loop = ArenaAgentLoop(wrapped, Server(model), model.tokenizer, DictConfigWrap(data))

    async def played() -> list[Any]:
        tasks = list(training_rows(recipe, trainer.arena.game))[: len(sampled)]
        runs = [
            loop.run({"logprobs": True}, session_id=session, **task)
            for task in tasks
            for session in range(recipe.train.group_size)
        ]
        return await asyncio.gather(*runs)

    episodes = asyncio.run(played())
    found = [row for episode in episodes for row in episode]
    assert len(found) == len(rows.replies)
    for number, row in enumerate(found):
        length = len(row.response_ids)
        assert row.response_ids == rows.replies[number, :length].tolist()
        assert row.response_mask == rows.mask[number, :length].tolist()
        assert row.response_logprobs == pytest.approx(
            rows.old_log_probs[number, :length].tolist(), abs=1e-5
        )
        assert not rows.mask[number, length:].any()
    returns = [sum(turn.reward for turn in e.turns) for group in sampled for e in group]
    assert [episode[-1].reward_score for episode in episodes] == pytest.approx(returns)
    for rows_of_one in episodes:
        assert [EPISODE in row.extra_fields for row in rows_of_one] == [
            place == 0 for place in range(len(rows_of_one))
        ]
