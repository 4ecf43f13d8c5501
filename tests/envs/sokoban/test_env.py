from pathlib import Path
from random import Random

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from repeat import printed_everywhere

import arlarena_bench  # noqa: F401, registers the environments
from arlarena_bench.envs.sokoban.env import SokobanEnv
from arlarena_bench.errors import ArenaError

DIRECTIONS = ["up", "down", "left", "right"]


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
@pytest.mark.parametrize("settings", [{}, {"size": (5, 8), "boxes": 2}, {"render_mode": "ansi"}])
def test_gymnasium_accepts_it(settings: dict[str, object]) -> None:
    env = gym.make("arlarena/Sokoban-v0", **settings)
    check_env(env)
    check_env(env.unwrapped)


def test_one_episode() -> None:
    env = SokobanEnv()
    observation, info = env.reset(options={"task_id": "test/0000"})
    assert info["admissible_actions"] == DIRECTIONS
    assert info["anchor"] == observation == str(env.board)
    assert (info["success"], info["score"], info["task_id"]) == (False, 0.0, "test/0000")
    plan = env.demonstrator.oracle()
    rewards = []
    for turn, direction in enumerate(plan, start=1):
        assert env.demonstrator.oracle() == plan[turn - 1 :]
        observation, reward, terminated, truncated, info = env.step(direction.upper())
        rewards.append(reward)
        assert (terminated, truncated) == (turn == len(plan), False)
    assert info["success"]
    assert info["score"] == 1.0
    assert env.demonstrator.oracle() == []
    assert sum(rewards) == pytest.approx(11 - 0.1 * len(plan))


@pytest.mark.parametrize("command", ["", "fly", " up", "up down", "√", "\0", "u" * 1_000_000])
def test_unknown_commands_cost_a_step_and_change_nothing(command: str) -> None:
    env = SokobanEnv()
    before, _ = env.reset(seed=0)
    plan = env.demonstrator.oracle()
    after, reward, terminated, _, info = env.step(command)
    assert (after, reward, terminated, info["action_valid"]) == (before, -0.1, False, False)
    assert env.demonstrator.oracle() == plan


def test_horizon() -> None:
    env = SokobanEnv(horizon=3)
    env.reset(seed=0)
    assert [env.step("nothing")[2:4] for _ in range(3)] == [(False, False)] * 2 + [(False, True)]


def test_oracle_finds_its_way_back_and_knows_when_it_is_lost() -> None:
    env = SokobanEnv(horizon=10_000)
    rng = Random(0)
    lost = 0
    for number in range(40):
        env.reset(options={"task_id": f"train/{number}"})
        for _ in range(8):
            if not env.success:
                env.step(rng.choice(DIRECTIONS))
        plan = env.demonstrator.oracle()
        for direction in plan:
            env.step(direction)
        lost += not env.success
        assert env.success or not plan
    assert 0 < lost < 40


@pytest.mark.parametrize("boxes", [1, 2])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_oracle_solves_the_whole_panel(boxes: int, split: str) -> None:
    env = SokobanEnv(boxes=boxes, horizon=100)
    for task_id in env.tasks.panel(split).task_ids:
        env.reset(options={"task_id": task_id})
        for direction in env.demonstrator.oracle():
            _, _, terminated, _, info = env.step(direction)
        assert terminated
        assert info["success"]


@pytest.mark.parametrize(
    ("agent", "lowest", "highest"),
    [("null", 0.0, 0.0), ("random", 0.1, 0.35)],
)
def test_agents_without_skill(agent: str, lowest: float, highest: float) -> None:
    """The floor of every table: doing nothing, and moving at random for the 15 turns."""
    env = SokobanEnv()
    rng = Random(0)
    successes = 0
    panel = env.tasks.panel("test").first(300)
    for task_id in panel:
        env.reset(options={"task_id": task_id})
        done = False
        while not done:
            command = "" if agent == "null" else rng.choice(DIRECTIONS)
            _, _, terminated, truncated, info = env.step(command)
            done = terminated or truncated
        successes += info["success"]
    assert lowest <= successes / len(panel) <= highest


def test_training_tasks() -> None:
    env = SokobanEnv(min_moves=3, max_moves=9)
    for number in ("0", "-5", "7", str(10**30)):
        first, _ = env.reset(options={"task_id": f"train/{number}"})
        assert 3 <= len(env.demonstrator.oracle()) <= 9
        again, _ = SokobanEnv(min_moves=3, max_moves=9).reset(
            options={"task_id": f"train/{number}"}
        )
        assert again == first
    drawn = {env.sample_task(Random(seed)) for seed in range(50)}
    assert len(drawn) == 50
    assert env.sample_task(Random(3)) == env.sample_task(Random(3))
    assert env.reset(seed=3)[1]["task_id"] == env.reset(seed=3)[1]["task_id"]


@pytest.mark.parametrize(
    "task_id",
    [
        *("", "train", "train/", "train/x", "train/007", "train/-0", "train/1.5", "train/1 "),
        *("train/٣", "test/0512", "test/1", "test/-1", "tset/0000", "boxoban/a.txt/0", "\n", "//"),
    ],
)
def test_tasks_that_do_not_exist(task_id: str) -> None:
    env = SokobanEnv()
    with pytest.raises(ArenaError, match="no task") as caught:
        env.reset(options={"task_id": task_id})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 3}, "too small"),
        ({"size": "6"}, "size is a number or a pair"),
        ({"size": (6, 6, 6)}, "size is a number or a pair"),
        ({"size": None}, "size is a number or a pair"),
        ({"size": (6, "6")}, "columns must be a whole number"),
        ({"boxes": 9}, "too small for 9 boxes"),
        ({"horizon": 0}, "horizon must be"),
        ({"render_mode": "human"}, "unknown render mode 'human'"),
        ({"levels": "/nowhere"}, "no Boxoban level file .* at /nowhere"),
    ],
)
def test_bad_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        SokobanEnv(**settings)


def test_nothing_before_the_first_reset() -> None:
    for ask in (
        SokobanEnv().observe,
        SokobanEnv().demonstrator.oracle,
        SokobanEnv(render_mode="ansi").render,
    ):
        with pytest.raises(ResetNeeded):
            ask()


def test_instruction_names_every_symbol() -> None:
    env = SokobanEnv()
    env.reset(seed=0)
    assert all(f"{symbol} is" in env.instruction for symbol in "#_O√XPS")


def test_same_bytes_in_any_process(tmp_path: Path) -> None:
    program = (
        "from random import Random\n"
        "from arlarena_bench.envs.sokoban.env import SokobanEnv\n"
        "env = SokobanEnv(boxes=2)\n"
        "rng = Random(0)\n"
        "for seed in range(20):\n"
        "    print(env.reset(seed=seed), env.demonstrator.oracle())\n"
        "    for _ in range(9): print(env.step(rng.choice(['up', 'down', 'left', 'right'])))\n"
        "print(env.tasks.panel('test'), env.instruction.encode())\n"
    )
    assert printed_everywhere(program, tmp_path)
