import random
import warnings

import gymnasium as gym
import pytest
from corridor import MOVES, Corridor
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from arlarena_bench.errors import ArenaError
from arlarena_bench.text_env import TextEnv


def at(task_id: str, **kwargs: object) -> Corridor:
    env = Corridor(**kwargs)  # type: ignore[arg-type]
    env.reset(options={"task_id": task_id})
    return env


def test_an_episode_reports_what_happened() -> None:
    env = Corridor()
    observation, info = env.reset(options={"task_id": "2"})
    assert observation == "step 0 of 2"
    assert info == {
        "task_id": "2",
        "success": False,
        "score": 0.0,
        "anchor": "step 0 of 2",
        "category": None,
        "void": False,
        "measures": {},
        "outside": None,
        "admissible_actions": ["right"],
        "action_valid": True,
    }
    assert env.step("right")[:4] == ("step 1 of 2", -0.1, False, False)
    observation, reward, terminated, truncated, info = env.step("right")
    assert (observation, reward, terminated, truncated) == ("step 2 of 2", 10.0, True, False)
    assert (info["success"], info["score"]) == (True, 1.0)


def test_the_horizon_truncates() -> None:
    env = at("9", horizon=3)
    assert [env.step("right")[2:4] for _ in range(3)] == [(False, False)] * 2 + [(False, True)]


def test_success_on_the_last_turn_terminates_and_does_not_truncate() -> None:
    env = at("2", horizon=2)
    env.step("right")
    assert env.step("right")[2:4] == (True, False)


def test_reset_counts_turns_anew() -> None:
    env = at("9", horizon=2)
    env.step("right")
    env.reset(options={"task_id": "9"})
    assert env.step("right")[3] is False


def test_validity_is_judged_in_the_state_the_agent_saw() -> None:
    env = at("2")
    # At the wall `left` is inadmissible, though it is admissible after `right`.
    assert env.step("left")[4]["action_valid"] is False
    assert env.step("RIGHT")[4]["action_valid"] is True
    assert env.step("right")[4]["action_valid"] is True
    assert env.step("left")[4]["action_valid"] is True
    assert env.step("fly")[4]["action_valid"] is False


def test_changing_the_listed_actions_changes_nothing_else() -> None:
    class Constant(Corridor):
        def __init__(self) -> None:
            super().__init__()
            self.kept = list(MOVES)

        def admissible_actions(self) -> list[str]:
            return self.kept

    env = Constant()
    _, info = env.reset(options={"task_id": "2"})
    info["admissible_actions"].append("fly")
    assert env.step("fly")[4]["action_valid"] is False
    assert env.step("left")[4]["admissible_actions"] == ["left", "right"]


def test_without_a_list_every_command_is_valid() -> None:
    info = at("2", listed=False).step("fly")[4]
    assert info["admissible_actions"] is None
    assert info["action_valid"] is True


def test_a_step_lists_the_admissible_actions_once() -> None:
    env = at("9")
    before = env.listings
    env.step("right")
    assert env.listings == before + 1


def test_a_seed_decides_the_task() -> None:
    def tasks(seed: int) -> list[object]:
        env = Corridor()
        first = env.reset(seed=seed)[1]["task_id"]
        return [first, *(env.reset()[1]["task_id"] for _ in range(10))]

    assert tasks(1) == tasks(1)
    assert tasks(1) != tasks(2)
    assert len(set(tasks(1))) > 1


def test_global_random_state_is_left_alone() -> None:
    state = random.getstate()
    at("3").reset(seed=0)
    assert random.getstate() == state


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "3"}, "unknown reset option 'task'; did you mean 'task_id'"),
        ({"task_id": "3", "seed": 1}, "unknown reset option 'seed'"),
        ({"task_id": "77"}, "no corridor '77'"),
        ({"task_id": 3}, "task_id must be a string, got 3"),
    ],
)
def test_bad_reset_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        Corridor().reset(options=options)


def test_reset_does_not_change_the_options() -> None:
    options = {"task_id": "3"}
    Corridor().reset(options=options)
    assert options == {"task_id": "3"}


def test_step_needs_a_reset() -> None:
    with pytest.raises(ResetNeeded):
        Corridor().step("right")


def test_an_action_is_a_string() -> None:
    with pytest.raises(ArenaError, match="an action is a string, got int"):
        at("3").step(1)  # type: ignore[arg-type]


def test_bad_constructor_arguments_are_refused() -> None:
    with pytest.raises(ArenaError, match="horizon must be at least 1"):
        Corridor(horizon=0)
    with pytest.raises(ArenaError, match="unknown render mode 'ascii'; did you mean 'ansi'"):
        Corridor(render_mode="ascii")


def test_render() -> None:
    assert at("3").render() is None
    assert at("3", render_mode="ansi").render() == "step 0 of 3"


def test_defaults_an_author_may_leave() -> None:
    env = at("2")
    assert env.demonstrator.thought(["right", "right", "left"]) == "right right"
    with pytest.raises(ArenaError, match="corridor has no test panel"):
        env.tasks.panel("test")


def test_the_oracle_solves_its_task() -> None:
    env = at("5")
    assert [env.step(command)[2] for command in env.demonstrator.oracle()] == [False] * 4 + [True]


def test_gymnasiums_checker_passes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make("tests/Corridor-v0").unwrapped)


def test_an_unfinished_environment_cannot_be_made() -> None:
    class Unfinished(Corridor):
        observe = TextEnv.observe

    with pytest.raises(TypeError, match="observe"):
        Unfinished()
