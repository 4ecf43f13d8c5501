"""Costs: what is counted, what a filter dropped included, and that totals go on."""

import pytest
from signpost import signpost_recipe

from arlarena_bench.episode import Episode, Generation, Turn
from arlarena_bench.training.cost import Cost
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import start_policy


def episode(*tokens: int) -> Episode:
    turns = [
        Turn("", Generation("", (7, 7), tuple(range(count))), "", 0.0, 0.0, True, True, "")
        for count in tokens
    ]
    return Episode("task", 0, turns)


def test_replies_are_counted_and_prompts_are_not() -> None:
    cost = Cost().after([episode(3, 5), episode(4)], updates=2).after([episode(1)], updates=6)
    assert cost == Cost(tokens=13, episodes=3, env_steps=4, updates=6)
    assert Cost.of(cost.metrics()) == cost
    assert Cost.of({}) == Cost()


@pytest.mark.parametrize("method", ["grpo", "dapo_grpo"])
def test_what_a_filter_drops_has_been_sampled(method: str) -> None:
    # Of pairs, many are alike: DAPO drops them and samples further ones.
    recipe = signpost_recipe(**{"train.group_size": 2}).for_run(method, 0)
    trainer = Trainer(recipe, start_policy(recipe))
    rollout = recipe.train.groups * recipe.train.group_size
    rollouts = turns = 0.0
    for step in (1, 2):
        metrics, _ = trainer.step(step)
        rollouts += metrics["rollouts"]
        turns += metrics["rollouts"] * rollout * metrics["length/train"]
        assert metrics["cost/updates"] == step * recipe.train.minibatches
        assert metrics["cost/episodes"] == rollouts * rollout
        assert metrics["cost/env_steps"] == pytest.approx(turns)
        assert 1 < metrics["cost/tokens"] / turns <= recipe.train.max_new_tokens
    assert rollouts == 2 if method == "grpo" else rollouts > 2
