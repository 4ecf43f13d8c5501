import copy
import pickle
import time
import warnings
from typing import Any

import gymnasium as gym
import pytest
from corridor import ID, Corridor
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.prompt import PromptTemplate
from arlarena_bench.protocol.wrapper import AgentProtocol

TEMPLATE = PromptTemplate(
    first="{task}|{step}|{observation}|{admissible}",
    later="{task}|{step}|{history}|{observation}|{admissible}",
    turn="{number}:{observation}>{action}",
    turn_separator=" & ",
    admissible="{actions}",
    action="{action}",
    action_separator=",",
)


def reply(command: str) -> str:
    return f"<think>go</think><action>{command}</action>"


def at(task_id: str, **kwargs: Any) -> AgentProtocol:
    env = AgentProtocol(Corridor(), **{"template": TEMPLATE, **kwargs})
    env.reset(options={"task_id": task_id})
    return env


def test_prompts_show_the_last_turns() -> None:
    env = AgentProtocol(Corridor(), template=TEMPLATE)
    prompts = [env.reset(options={"task_id": "3"})[0]]
    prompts += [env.step(text)[0] for text in (reply("Right"), "I wait here", reply("left"))]
    assert prompts == [
        "reach the door|1|step 0 of 3|right",
        "reach the door|2|1:step 0 of 3>right|step 1 of 3|left,right",
        "reach the door|3|1:step 0 of 3>right & 2:step 1 of 3>i wait here|step 1 of 3|left,right",
        "reach the door|4|2:step 1 of 3>i wait here & 3:step 1 of 3>left|step 0 of 3|right",
    ]


@pytest.mark.parametrize("history", [0, 1, 3])
def test_history_bounds_the_turns_shown(history: int) -> None:
    env = at("9", history=history)
    for _ in range(5):
        prompt = env.step(reply("right"))[0]
    assert prompt.count(">") == history


def test_a_prompt_that_would_be_too_long_shows_no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Corridor, "longest_prompt", 70)
    env = at("3")
    assert env.step(reply("right"))[0] == (
        "reach the door|2|1:step 0 of 3>right|step 1 of 3|left,right"
    )
    assert env.step("I wait here")[0] == "reach the door|3|step 1 of 3|left,right"


def test_reset_forgets_the_last_episode() -> None:
    env = at("3")
    env.step(reply("right"))
    prompt, _ = env.reset(options={"task_id": "4"})
    assert prompt == "reach the door|1|step 0 of 4|right"


def test_reset_reports() -> None:
    _, info = AgentProtocol(Corridor()).reset(options={"task_id": "3"})
    assert info == {
        "task_id": "3",
        "success": False,
        "score": 0.0,
        "category": None,
        "void": False,
        "measures": {},
        "outside": None,
        "anchor": "step 0 of 3",
        "admissible_actions": ["right"],
        "format_valid": True,
        "action_valid": True,
        "penalty": 0.0,
        "env_reward": 0.0,
        "command": "",
        "observation": "step 0 of 3",
    }


@pytest.mark.parametrize(
    ("text", "command", "format_valid", "action_valid"),
    [
        (reply(" RIGHT "), "right", True, True),
        (reply("left"), "left", True, False),
        ("<action>right</action>", "right", False, False),
        ("right", "right", False, False),
        ("", "", False, False),
    ],
)
def test_a_turn_without_a_valid_action_is_executed_and_penalised(
    text: str, command: str, format_valid: bool, action_valid: bool
) -> None:
    _, reward, _, _, info = at("1", penalty=0.25).step(text)
    moved = command == "right"
    assert info["command"] == command
    assert (info["format_valid"], info["action_valid"]) == (format_valid, action_valid)
    assert info["penalty"] == (0.0 if action_valid else 0.25)
    assert info["env_reward"] == (10.0 if moved else -0.1)
    assert reward == info["env_reward"] - info["penalty"]
    assert info["observation"] == ("step 1 of 1" if moved else "step 0 of 1")
    assert info["success"] is moved


def test_no_penalty_where_every_command_is_valid() -> None:
    env = AgentProtocol(Corridor(listed=False), template=TEMPLATE)
    assert env.reset(options={"task_id": "3"})[0].endswith("|")
    assert env.step(reply("sing"))[4]["penalty"] == 0.0
    assert env.step("sing")[4]["penalty"] == 0.1


def test_actions_are_listed_once_a_step() -> None:
    env = at("9")
    text_env = env.unwrapped
    assert isinstance(text_env, Corridor)
    before = text_env.listings
    env.step(reply("right"))
    assert text_env.listings == before + 1


def test_the_template_is_the_environments_own_unless_given() -> None:
    class Terse(Corridor):
        template = PromptTemplate(first="own {observation}")

    own = AgentProtocol(Terse()).reset(options={"task_id": "3"})[0]
    assert own == "own step 0 of 3"
    fields = {"first": "mapped {observation}"}
    given = AgentProtocol(Terse(), template=fields).reset(options={"task_id": "3"})[0]
    assert given == "mapped step 0 of 3"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"history": -1}, "history must be a whole number of turns, 0 or more, got -1"),
        ({"history": 1.5}, "history must be a whole number of turns, 0 or more, got 1.5"),
        ({"penalty": -0.1}, "penalty must be a finite number, 0 or more, got -0.1"),
        ({"penalty": float("nan")}, "penalty must be a finite number, 0 or more, got nan"),
        ({"penalty": "0.1"}, "penalty must be a finite number, 0 or more, got '0.1'"),
        ({"template": {"later": "{tsak}"}}, "no placeholder {tsak}; did you mean 'task'"),
        ({"template": {"last": "x"}}, "unknown prompt template field 'last'"),
        ({"template": "terse"}, "template must be a PromptTemplate or its fields, got 'terse'"),
    ],
)
def test_bad_arguments_are_refused(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        AgentProtocol(Corridor(), **kwargs)


def test_it_wraps_text_environments_only() -> None:
    with pytest.raises(ArenaError, match="AgentProtocol wraps a TextEnv, got CartPoleEnv"):
        AgentProtocol(gym.make("CartPole-v1"))


@pytest.mark.parametrize("thing", [None, 3, b"<action>up</action>", ["up"]])
def test_a_reply_is_a_string(thing: Any) -> None:
    with pytest.raises(ArenaError, match="a reply is a string, got"):
        at("3").step(thing)


def test_step_needs_a_reset() -> None:
    with pytest.raises(ResetNeeded):
        AgentProtocol(Corridor()).step(reply("right"))
    with pytest.raises(ResetNeeded):
        gym.make(ID).step(reply("right"))


def test_make_gives_the_agent_facing_environment() -> None:
    env = gym.make(ID, horizon=2)
    prompt, info = env.reset(options={"task_id": "3"})
    assert prompt == PromptTemplate().render("reach the door", [], "step 0 of 3", ["right"], 0)
    assert info["format_valid"]
    env.step("")
    assert env.step("")[3] is True


def test_the_checker_passes_on_the_wrapped_environment() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The one warning that is meant: it suggests to check `.unwrapped`, as is done elsewhere.
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version")
        check_env(gym.make(ID))


def test_the_specification_makes_the_same_environment_again() -> None:
    plain = gym.make(ID, horizon=4).unwrapped
    assert isinstance(plain, Corridor)
    env = AgentProtocol(plain, history=1, penalty=0.5, template=TEMPLATE)
    spec = env.spec
    assert spec is not None
    for again in (gym.make(spec), gym.make(EnvSpec.from_json(spec.to_json()))):
        assert isinstance(again, AgentProtocol)
        assert not isinstance(again.env, AgentProtocol)
        assert (again.penalty, again.template) == (0.5, TEMPLATE)
        again.reset(options={"task_id": "9"})
        env.reset(options={"task_id": "9"})
        for text in (reply("right"), "left", "right", reply("fly")):
            assert again.step(text) == env.step(text)


def test_made_environments_have_one_protocol() -> None:
    env = gym.make(ID)
    assert str(env).count("AgentProtocol") == 1
    assert env.spec is not None
    assert str(gym.make(env.spec)).count("AgentProtocol") == 1


def test_a_copy_goes_on_from_the_same_turn() -> None:
    env = at("3")
    env.step(reply("right"))
    copies = [pickle.loads(pickle.dumps(env)), copy.deepcopy(env)]
    expected = env.step(reply("right"))
    assert [each.step(reply("right")) for each in copies] == [expected, expected]


def test_gymnasiums_vector_environment_takes_it() -> None:
    envs = gym.vector.SyncVectorEnv([lambda: gym.make(ID, horizon=2) for _ in range(3)])
    prompts, infos = envs.reset(seed=0, options={"task_id": "2"})
    assert isinstance(prompts, tuple)
    assert len(prompts) == 3
    assert list(infos["task_id"]) == ["2"] * 3
    prompts, rewards, _, _, infos = envs.step((reply("right"), reply("left"), "right"))
    assert ["step 1 of 2" in prompt for prompt in prompts] == [True, False, True]
    assert rewards.tolist() == [-0.1, -0.2, -0.2]
    assert infos["observation"].tolist() == ["step 1 of 2", "step 0 of 2", "step 1 of 2"]
    _, _, terminated, truncated, _ = envs.step((reply("right"), reply("left"), "right"))
    assert terminated.tolist() == [True, False, True]
    assert truncated.tolist() == [False, True, False]
    envs.close()


def test_the_protocol_adds_little_to_a_step() -> None:
    def seconds(env: Any, action: str) -> float:
        env.reset(options={"task_id": "9"})
        start = time.process_time()
        for _ in range(2000):
            env.step(action)
        return time.process_time() - start

    plain = min(seconds(Corridor(horizon=2000), "left") for _ in range(5))
    wrapped = min(seconds(AgentProtocol(Corridor(horizon=2000)), reply("left")) for _ in range(5))
    # Six times a step that is next to nothing; a prompt or a listing built twice is far more.
    assert wrapped < 20 * plain
