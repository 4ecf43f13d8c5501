"""What users of Gymnasium expect of every environment that ships."""

from operator import itemgetter
from typing import Any

import field_cases
import gymnasium as gym
import pytest

from arlarena_bench import ArenaError
from arlarena_bench.conformance import CHECKS

IDS = sorted(spec.id for spec in gym.registry.values() if spec.namespace == "arlarena")


def make(env_id: str, **kwargs: Any) -> gym.Env[str, str]:
    return gym.make(env_id, disable_env_checker=True, **kwargs)


def test_all_seven_are_there() -> None:
    assert len(IDS) >= 7


# Whole panels and other processes are in tests of each environment's own.
OTHERS = [name for name in CHECKS if name not in ("solvable", "processes")]


@pytest.mark.parametrize("check", OTHERS)
@pytest.mark.parametrize("env_id", IDS)
def test_what_is_promised_of_every_environment(env_id: str, check: str) -> None:
    CHECKS[check](env_id)


@pytest.mark.parametrize("case", field_cases.cases("gymnasium-convention"), ids=itemgetter("id"))
def test_field_cases_name_what_is_tried(case: dict[str, Any]) -> None:
    assert any(word in str(case["input"]) for word in ("make_vec", "AsyncVectorEnv", "deepcopy"))


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
def test_an_unknown_argument_is_named_with_the_nearest(env_id: str) -> None:
    with pytest.raises(
        ArenaError, match=r"unknown argument of \w+ 'horizn'; did you mean 'horizon'"
    ):
        make(env_id, horizn=3)
    with pytest.raises(ArenaError, match="'penalti'; did you mean 'penalty'"):
        make(env_id, penalti=0.5)
