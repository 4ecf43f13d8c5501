"""What users of Gymnasium expect of every environment that ships."""

import copy
import json
import pickle
import warnings
from collections.abc import Iterator
from operator import itemgetter
from random import Random
from typing import Any

import field_cases
import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from arlarena_bench import ArenaError, TextEnv

IDS = sorted(spec.id for spec in gym.registry.values() if spec.namespace == "arlarena")


def make(env_id: str, **kwargs: Any) -> gym.Env[str, str]:
    return gym.make(env_id, disable_env_checker=True, **kwargs)


def game(env: gym.Env[str, str]) -> TextEnv:
    assert isinstance(env.unwrapped, TextEnv)
    return env.unwrapped


def replies(env: gym.Env[str, str]) -> Iterator[str]:
    """What a bad player answers, without end."""
    rng, text_env = Random(0), game(env)
    while True:
        plan = text_env.demonstrator.noise(rng)
        yield text_env.reply_format.write("", plan[0])


def test_all_seven_are_there() -> None:
    assert len(IDS) == 7


@pytest.mark.parametrize("env_id", IDS)
def test_gymnasiums_checker_passes(env_id: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(env_id).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("case", field_cases.cases("gymnasium-convention"), ids=itemgetter("id"))
def test_field_cases_name_what_is_tried_below(case: dict[str, Any]) -> None:
    assert any(word in str(case["input"]) for word in ("make_vec", "AsyncVectorEnv", "deepcopy"))


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize("copied", [True, False], ids=["copied", "live"])
def test_async_vectors_give_what_sync_ones_give(env_id: str, copied: bool) -> None:
    vectors = {
        mode: gym.make_vec(
            env_id, 2, vectorization_mode=mode, vector_kwargs={"copy": copied}, history=1
        )
        for mode in ("sync", "async")
    }
    try:
        first = {mode: vector.reset(seed=[5, 6]) for mode, vector in vectors.items()}
        assert tuple(first["async"][0]) == tuple(first["sync"][0])
        assert all(isinstance(text, str) for text in first["async"][0])
        steps = {mode: vector.step(("nonsense", "")) for mode, vector in vectors.items()}
        assert tuple(steps["async"][0]) == tuple(steps["sync"][0])
        assert steps["async"][1].tolist() == steps["sync"][1].tolist() != [0.0, 0.0]
    finally:
        for vector in vectors.values():
            vector.close()


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize("way", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_goes_on_alone(env_id: str, way: Any) -> None:
    env = make(env_id)
    fresh = way(env)
    assert fresh.reset(seed=3) == env.reset(seed=3)
    answers = replies(env)
    env.step(next(answers))
    other = way(env)
    ahead = [next(answers) for _ in range(2)]
    here = [env.step(reply) for reply in ahead]
    assert [other.step(reply) for reply in ahead] == here
    assert game(other).tasks is game(env).tasks or game(other).tasks.name == game(env).tasks.name
    task = game(env).sample_task(Random(1))
    assert other.reset(options={"task_id": task}) == env.reset(options={"task_id": task})


@pytest.mark.parametrize("env_id", IDS)
def test_make_takes_the_protocols_arguments(env_id: str) -> None:
    task = game(make(env_id)).sample_task(Random(2))
    template = {"first": "first {task}", "later": "later {history}"}
    env = make(env_id, history=1, penalty=0.25, template=template)
    assert env.reset(options={"task_id": task})[0].startswith("first ")
    _, reward, *_, info = env.step("not in any form")
    assert (info["penalty"], reward) == (0.25, info["env_reward"] - 0.25)
    free = make(env_id, penalty=0.0)
    free.reset(options={"task_id": task})
    assert free.step("not in any form")[4]["penalty"] == 0.0


@pytest.mark.parametrize("env_id", IDS)
def test_a_specification_makes_the_environment_again(env_id: str) -> None:
    env = make(env_id, history=3, penalty=0.0)
    assert env.spec is not None
    stored = json.dumps(json.loads(env.spec.to_json()))
    again = gym.make(EnvSpec.from_json(stored), disable_env_checker=True)
    assert again.spec == env.spec
    assert again.reset(seed=1) == env.reset(seed=1)


@pytest.mark.parametrize("env_id", IDS)
def test_the_specification_has_the_horizon(env_id: str) -> None:
    env = make(env_id)
    assert env.spec is not None
    assert gym.spec(env_id).max_episode_steps == env.spec.max_episode_steps == game(env).horizon


@pytest.mark.parametrize(
    ("settings", "length"),
    [({"horizon": 20}, 20), ({"horizon": 4}, 4), ({"max_episode_steps": 3}, 3), ({}, 15)],
)
def test_an_episode_is_as_long_as_was_asked_for(settings: dict[str, int], length: int) -> None:
    env = make("arlarena/Sokoban-v0", **settings)
    assert env.spec is not None
    assert env.spec.max_episode_steps == length
    env.reset(seed=0)
    steps = 0
    while True:
        steps += 1
        _, _, terminated, truncated, _ = env.step("stay")
        if terminated or truncated:
            break
    assert (steps, truncated) == (length, True)


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize("bare", [True, False], ids=["bare", "agent-facing"])
def test_nothing_is_earned_after_the_end(env_id: str, bare: bool) -> None:
    made = make(env_id)
    env = game(made) if bare else made
    env.reset(options={"task_id": game(made).tasks.panel("test").task_ids[7]})
    player = game(made).demonstrator
    ended = False
    while not ended:
        plan = player.oracle()
        reply = plan[0] if bare else game(made).reply_format.write("", plan[0])
        last = env.step(reply)
        ended = last[2] or last[3]
    assert last[4]["success"]
    with pytest.warns(UserWarning, match="the episode has ended") as said:
        later = [env.step(word) for word in ("up", reply, "", "down")]
    assert len(said) == 1
    assert {step[1] for step in later} == {0.0}
    assert [step[0] for step in later] == [last[0]] * 4
    assert [step[2:4] for step in later] == [last[2:4]] * 4
    assert all(step[4]["success"] and step[4].get("penalty", 0.0) == 0.0 for step in later)
    env.reset(seed=0)
    assert not env.step("nonsense")[4]["success"]


@pytest.mark.parametrize("env_id", IDS)
def test_training_never_draws_a_task_of_a_panel(env_id: str) -> None:
    env = game(make(env_id))
    held_out = env.tasks.held_out
    assert held_out >= {*env.tasks.panel("validation").task_ids, *env.tasks.panel("test").task_ids}
    assert held_out.isdisjoint(env.sample_task(Random(seed)) for seed in range(200))


@pytest.mark.parametrize("env_id", IDS)
def test_an_unknown_argument_is_named_with_the_nearest(env_id: str) -> None:
    with pytest.raises(
        ArenaError, match=r"unknown argument of \w+ 'horizn'; did you mean 'horizon'"
    ):
        make(env_id, horizn=3)
    with pytest.raises(ArenaError, match="'penalti'; did you mean 'penalty'"):
        make(env_id, penalti=0.5)
