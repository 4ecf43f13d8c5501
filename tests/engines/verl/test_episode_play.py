"""An episode that is played alone is the one that the local engine plays among others."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from relay import relay_recipe
from signpost import signpost_recipe

from arlarena_bench.engines.verl.episode_play import Played, Seats
from arlarena_bench.episode import Episode, Generation
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.player import SampledPlayer
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.start import start_policy


@pytest.mark.parametrize("recipe", [signpost_recipe(), relay_recipe()], ids=["turns", "relay"])
def test_the_same_turns(recipe: Recipe) -> None:
    model = LanguageModel.load(start_policy(recipe))
    likeliest = Sampling(recipe.train.max_new_tokens, temperature=0.0)
    arena = Arena(recipe)
    tasks = list(arena.game.tasks.panel("validation").first(3))
    streams = [Stream.of("test", task) for task in tasks]
    expected = arena.play(SampledPlayer(model, likeliest), tasks, [0] * len(tasks), streams)

    async def answer(ids: tuple[int, ...]) -> Generation:
        return model.generate([ids], likeliest)[0]

    async def all_at_once() -> list[Played]:
        seats: Any = Seats(recipe, model.tokenizer)
        return await asyncio.gather(*(seats.play(task, answer) for task in tasks))

    played = asyncio.run(all_at_once())
    assert all(seconds > 0 for _, seconds in played)
    found = [episode for episode, _ in played]
    assert len(found[0].turns) > 1
    assert [without_numbers(e) for e in found] == [without_numbers(e) for e in expected]


def without_numbers(episode: Episode) -> Episode:
    """Without what rounding may touch: who reads alone reads without padding."""
    turns = [
        replace(turn, generation=replace(turn.generation, entropy=(), log_probs=()))
        for turn in episode.turns
    ]
    return replace(episode, turns=turns)
