"""The poor player of each environment, whom a start policy is cloned from besides the expert."""

from random import Random

import pytest

from arlarena_bench import load_recipe
from arlarena_bench.policy.scripted import habit_reply, plan_reply, random_reply
from arlarena_bench.protocol.making import make_environment

# Environment → the most that the habit alone may solve, in percent of 100 validation tasks.
ENVIRONMENTS = {"sokoban": 10, "webshop_mini": 12, "alfworld_mini": 0, "tir_math_mini": 5}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_habit_is_poor_and_breaks_no_rule(name: str) -> None:
    env = make_environment(load_recipe("nano", name))
    solved = 0
    for task in env.game.tasks.panel("validation").first(100):
        env.reset(options={"task_id": task})
        ended = False
        while not ended:
            *_, terminated, truncated, info = env.step(habit_reply(env))
            ended = terminated or truncated
            assert info["format_valid"]
            assert info["action_valid"]
        solved += info["success"]
    assert solved <= ENVIRONMENTS[name]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_habit_is_a_function_of_what_a_prompt_says(name: str) -> None:
    env = make_environment(load_recipe("nano", name))
    rng, chosen, repeated = Random(0), {}, 0
    tasks = [env.game.sample_task(rng) for _ in range(60)]
    for task in tasks * 2:
        said, _ = env.reset(options={"task_id": task})
        ended = False
        while not ended and (plan := env.game.demonstrator.expert()):
            answer = habit_reply(env)
            repeated += said in chosen
            assert chosen.setdefault(said, answer) == answer
            given = [plan_reply(env, plan), random_reply(env, rng), answer]
            prompt, _, terminated, truncated, _ = env.step(rng.choices(given, (6, 1, 1))[0])
            said = said + prompt if env.game.transcript else prompt
            ended = terminated or truncated
    assert repeated >= 60


def test_habits_of_other_sizes() -> None:
    for name, kwargs in (("webshop_mini", {"size": "full"}), ("tir_math_mini", {"size": "full"})):
        recipe = load_recipe("nano", name)
        changed = recipe.with_values({"environment.kwargs": kwargs})
        env = make_environment(changed)
        env.reset(options={"task_id": env.game.tasks.panel("test").task_ids[0]})
        turns = 0
        while not env.game.terminated:
            env.step(habit_reply(env))
            turns += 1
        assert turns == {"webshop_mini": 5, "tir_math_mini": 1}[name]
