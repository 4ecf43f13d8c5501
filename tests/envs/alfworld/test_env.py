from pathlib import Path
from random import Random

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from repeat import printed_everywhere

import arlarena_bench  # noqa: F401, registers the environments
from arlarena_bench.envs.alfworld.env import AlfworldEnv
from arlarena_bench.errors import ArenaError

COMPACT = {"size": "mini", "observation": "compact"}


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("ALFWorld-v0", {}),
        ("ALFWorld-v0", {"verb": "put", "render_mode": "ansi"}),
        ("ALFWorldMini-v0", {}),
        ("ALFWorldMini-v0", {"observation": "compact"}),
    ],
)
def test_gymnasium_accepts_it(name: str, settings: dict[str, str]) -> None:
    env = gym.make(f"arlarena/{name}", **settings)
    check_env(env)
    check_env(env.unwrapped)


def test_one_episode() -> None:
    env = AlfworldEnv()
    observation, info = env.reset(options={"task_id": "test/0003"})
    assert observation.startswith("-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of")
    assert observation.endswith(f"Your task is to: {env.instruction}")
    assert (info["success"], info["score"], info["category"]) == (False, 0.0, "heat")
    plan = env.demonstrator.oracle()
    rewards, seen = [], []
    for turn, command in enumerate(plan, start=1):
        assert command in info["admissible_actions"]
        assert "help" not in info["admissible_actions"]
        assert env.demonstrator.oracle() == plan[turn - 1 :]
        observation, reward, terminated, truncated, info = env.step(command)
        rewards.append(reward)
        seen.append(info["anchor"])
        assert (terminated, truncated) == (turn == len(plan), False)
    assert rewards == [0.0] * (len(plan) - 1) + [10.0]
    assert (info["success"], info["score"]) == (True, 1.0)
    assert env.demonstrator.oracle() == env.demonstrator.expert() == []
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("settings", [{}, COMPACT])
def test_oracle_solves_every_panel(settings: dict[str, str]) -> None:
    env = AlfworldEnv(**settings)
    for split in ("validation", "test"):
        for task_id in env.tasks.panel(split).task_ids:
            env.reset(options={"task_id": task_id})
            for command in env.demonstrator.oracle():
                _, _, terminated, _, info = env.step(command)
            assert terminated
            assert info["success"]


@pytest.mark.parametrize("settings", [{}, {"size": "mini"}])
@pytest.mark.parametrize(("agent", "highest"), [("null", 0.0), ("random", 0.05)])
def test_agents_without_skill(settings: dict[str, str], agent: str, highest: float) -> None:
    env = AlfworldEnv(**settings)
    rng = Random(0)
    panel = env.tasks.panel("test").first(100)
    successes = 0
    for task_id in panel:
        _, info = env.reset(options={"task_id": task_id})
        done = False
        while not done:
            command = "" if agent == "null" else rng.choice(info["admissible_actions"])
            _, _, terminated, truncated, info = env.step(command)
            done = terminated or truncated
        successes += info["success"]
    assert successes / len(panel) <= highest


@pytest.mark.parametrize(
    "command",
    ["", "fly", "GO TO CABINET 1", "go to", "\0", "\u202eog", "🏠", "x" * 100_000, "a\nb", "take"],
)
def test_what_is_not_admissible_changes_nothing(command: str) -> None:
    env = AlfworldEnv()
    _, before = env.reset(options={"task_id": "validation/0002"})
    observation, reward, terminated, _, after = env.step(command)
    assert observation == "Nothing happens."
    assert (reward, terminated, after["action_valid"]) == (0.0, False, False)
    assert after["anchor"] == before["anchor"]
    assert after["admissible_actions"] == before["admissible_actions"]


def test_help_is_answered_but_not_valid() -> None:
    env = AlfworldEnv()
    env.reset(seed=0)
    observation, _, _, _, info = env.step("help")
    assert observation.startswith("Available commands:")
    assert not info["action_valid"]


def test_either_verb() -> None:
    for verb, command in (("move", "move {} to {}"), ("put", "put {} in/on {}")):
        env = AlfworldEnv(verb=verb)
        env.reset(options={"task_id": "validation/0000"})
        *_, last = env.demonstrator.oracle()
        assert last.split()[0] == verb
        item, target = last.removeprefix(f"{verb} ").split(" in/on " if verb == "put" else " to ")
        assert command.format(item, target) == last
        for step in env.demonstrator.oracle():
            env.step(step)
        assert env.success


def test_horizons() -> None:
    for settings, horizon in (({}, 50), ({"size": "mini"}, 20), ({"horizon": 3}, 3)):
        env = AlfworldEnv(**settings)
        env.reset(seed=0)
        assert [env.step("look")[3] for _ in range(horizon)] == [False] * (horizon - 1) + [True]


def test_one_panel_for_either_observation() -> None:
    text, compact = AlfworldEnv(size="mini"), AlfworldEnv(**COMPACT)
    assert text.tasks.panel("test") == compact.tasks.panel("test")
    assert text.tasks.panel("test").name == "alfworld-mini/test"
    assert AlfworldEnv().tasks.panel("test").name == "alfworld/test"
    for env in (text, compact):
        env.reset(options={"task_id": "test/0001"})
    assert text.anchor() == compact.anchor()
    assert text.admissible_actions() == compact.admissible_actions()


def test_thoughts() -> None:
    env = AlfworldEnv(**COMPACT)
    env.reset(options={"task_id": "validation/0003"})
    item = env.demonstrator.expert()[-1].split()[1]
    said = []
    while not env.success:
        plan = env.demonstrator.expert()
        said.append(env.demonstrator.thought(plan))
        env.step(plan[0])
    assert list(dict.fromkeys(said)) == [f"take {item}", f"heat {item}", f"move {item}"]
    assert (
        AlfworldEnv().demonstrator.thought(["open fridge 1", "look"]) == "open fridge 1, then look"
    )


def test_training_tasks() -> None:
    env = AlfworldEnv()
    assert len({env.sample_task(Random(seed)) for seed in range(50)}) == 50
    assert env.reset(seed=3)[1]["task_id"] == env.reset(seed=3)[1]["task_id"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": "midi"}, "unknown size of household 'midi'; did you mean 'mini'"),
        ({"horizon": 0}, "horizon must be"),
        ({"observation": "compat"}, "unknown kind of observation 'compat'; did you mean 'compact'"),
        ({"observation": "compact"}, "made for the household of size='mini'"),
        ({"verb": "drop"}, "unknown verb 'drop'"),
        ({"backend": "nativ"}, "unknown backend 'nativ'; did you mean 'native'"),
        ({"data": "/nowhere"}, "no ALFWorld data at /nowhere"),
        ({"render_mode": "human"}, "unknown render mode 'human'"),
    ],
)
def test_bad_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        AlfworldEnv(**settings)


def test_nothing_before_the_first_reset() -> None:
    env = AlfworldEnv()
    for ask in (lambda: env.game, lambda: env.world, env.anchor, lambda: env.step("look")):
        with pytest.raises(ResetNeeded):
            ask()


def test_same_bytes_in_any_process(tmp_path: Path) -> None:
    program = (
        "from random import Random\n"
        "from arlarena_bench.envs.alfworld.env import AlfworldEnv\n"
        "rng = Random(0)\n"
        "for settings in ({}, {'size': 'mini', 'observation': 'compact'}):\n"
        "    env = AlfworldEnv(**settings)\n"
        "    player = env.demonstrator\n"
        "    for seed in range(8):\n"
        "        print(env.reset(seed=seed), player.oracle(), player.expert())\n"
        "        for _ in range(9):\n"
        "            print(env.step(rng.choice(env.admissible_actions())), player.expert())\n"
        "    print(env.tasks.panel('test'))\n"
    )
    assert printed_everywhere(program, tmp_path)
