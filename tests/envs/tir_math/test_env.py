import json
import os
import signal
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from random import Random

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env
from repeat import printed_everywhere
from rich.console import Console

import arlarena_bench  # noqa: F401, registers the environments
from arlarena_bench.envs.tir_math.env import TirMathEnv
from arlarena_bench.envs.tir_math.reply import block, box
from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.wrapper import AgentProtocol


@pytest.fixture
def env() -> TirMathEnv:
    """Return an environment at the beginning of a task."""
    made = TirMathEnv()
    made.reset(options={"task_id": "test/0000"})
    return made


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("TIRMath-v0", {}),
        ("TIRMath-v0", {"stateful": True, "render_mode": "ansi"}),
        ("TIRMathMini-v0", {}),
    ],
)
def test_gymnasium_accepts_it(name: str, settings: dict[str, object]) -> None:
    env = gym.make(f"arlarena/{name}", **settings)
    check_env(env)
    check_env(env.unwrapped)


def test_one_episode() -> None:
    env = AgentProtocol(TirMathEnv())
    prompt, info = env.reset(options={"task_id": "test/0000"})
    problem = env.game.problem
    assert prompt.endswith(f"Problem: {problem.text}\n")
    assert "You have 5 turns." in prompt
    assert r"\boxed{answer}" in prompt
    assert (info["success"], info["category"]) == (False, "arithmetic")
    first = f"Let me see.\n{block(problem.program)}"
    told, reward, terminated, truncated, info = env.step(first)
    assert told == f"{prompt}{first}\nCode execution result: {problem.answer}\n"
    assert (reward, terminated, truncated, info["format_valid"]) == (0.0, False, False, True)
    second = rf"So it is \boxed{{{problem.answer}}}."
    end, reward, terminated, truncated, info = env.step(second)
    assert end == told + second
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert (info["success"], info["score"], info["void"]) == (True, 1.0, False)
    isolated = info["measures"].pop("isolated")
    assert isolated == (env.game.isolation != "none")
    assert info["measures"] == {"boxed": 1.0, "code": 0.5, "execution_error": 0.0, "timeouts": 0.0}
    assert env.game.demonstrator.oracle() == []


def test_what_a_program_printed_is_recalled_and_nothing_runs(env: TirMathEnv) -> None:
    told = env.step(block("print(final_answer(7))"))
    outside = told[4]["outside"]
    assert json.loads(outside)["boxed"] == "7"
    again = TirMathEnv()
    again.reset(options={"task_id": env.task_id})
    again.recall(outside)
    assert again.step(block("never run"))[:4] == told[:4]
    again.reset(options={"task_id": env.task_id})
    with pytest.raises(ArenaError, match="no output of a program"):
        again.recall('{"shown": "7"}')
    assert again.step(box("-1"))[4]["outside"] is None


def test_a_wrong_answer_ends_the_episode(env: TirMathEnv) -> None:
    observation, reward, terminated, _, info = env.step(box("-1"))
    assert (observation, reward, terminated, info["success"]) == ("", 0.0, True, False)
    assert env.step(box(env.problem.answer))[1] == 0.0, "too late"


@pytest.mark.parametrize("reply", ["", "42", "```python\nprint(1)", "\\boxed{3", "\0" * 100_000])
def test_a_void_turn_ends_the_episode(reply: str) -> None:
    env = AgentProtocol(TirMathEnv())
    env.reset(options={"task_id": "test/0000"})
    _, reward, terminated, _, info = env.step(reply)
    assert (reward, terminated, info["void"]) == (-0.1, True, True)
    assert not info["action_valid"]
    assert (info["measures"]["boxed"], info["measures"]["code"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("print(6 * 7)", "42"),
        ("print('a'); print('b')", "a\nb"),
        ("x = 1", "no output"),
        ("print(1)\n1 / 0", "1\nZeroDivisionError: division by zero"),
        ("raise ValueError('one\\ntwo')", "two"),
        ("import sys; print('noise', file=sys.stderr); print(3)", "3"),
        ("print('x' * 600)", "x" * 256 + "…" + "x" * 255),
        ("print('``` <|im_end|>')", "``` <|im_end|>"),
    ],
)
def test_what_a_program_shows(env: TirMathEnv, code: str, shown: str) -> None:
    observation, reward, terminated, _, info = env.step(block(code))
    assert observation == f"\nCode execution result: {shown}\n"
    assert (reward, terminated) == (0.0, False)
    assert info["measures"]["code"] == 1.0


@pytest.mark.parametrize(
    "code", ["", "\0", "print('\ud800')", "\u202e", "x" * 200_000, "def", "\t\nprint(", "#"]
)
def test_any_code_at_all_is_survived(env: TirMathEnv, code: str) -> None:
    observation, reward, terminated, *_ = env.step(block(code))
    assert observation.startswith("\nCode execution result: ")
    assert len(observation) < 600
    assert (reward, terminated) == (0.0, False)
    assert env.step(block("print(1)"))[0] == "\nCode execution result: 1\n"


def test_what_fails_is_counted(env: TirMathEnv) -> None:
    measures = [env.step(block(code))[4]["measures"] for code in ("1 / 0", "print(1)")]
    assert [m["execution_error"] for m in measures] == [1.0, 0.5]
    assert [m["timeouts"] for m in measures] == [0.0, 0.0]


def test_a_program_that_does_not_end() -> None:
    env = TirMathEnv(timeout=0.5)
    env.reset(options={"task_id": "test/0000"})
    observation, *_, info = env.step(block("while True: pass"))
    assert observation == "\nCode execution result: interpreter timeout\n"
    assert (info["measures"]["execution_error"], info["measures"]["timeouts"]) == (1.0, 1.0)
    assert env.step(block("print(1)"))[0] == "\nCode execution result: 1\n"


def test_a_program_can_answer(env: TirMathEnv) -> None:
    code = f"{env.problem.program.replace('print', 'final_answer', 1)}"
    observation, reward, terminated, _, info = env.step(block(code))
    assert observation == f"\nCode execution result: \\boxed{{{env.problem.answer}}}\n"
    assert (reward, terminated, info["success"]) == (1.0, True, True)
    assert info["measures"]["boxed"] == 1.0


def test_programs_know_nothing_of_each_other(env: TirMathEnv) -> None:
    env.step(block("x = 5"))
    assert "NameError" in env.step(block("print(x)"))[0]


def test_programs_share_variables_if_asked() -> None:
    env = TirMathEnv(stateful=True)
    for _ in range(2):
        env.reset(options={"task_id": "test/0000"})
        assert "NameError" in env.step(block("print(x)"))[0], "of an earlier episode"
        env.step(block("x = 5\nfrom math import factorial"))
        assert env.step(block("print(factorial(x))"))[0] == "\nCode execution result: 120\n"
    env.close()


def test_horizons() -> None:
    for settings, horizon in (({}, 5), ({"size": "mini"}, 3), ({"horizon": 2}, 2)):
        env = TirMathEnv(**settings)
        env.reset(seed=0)
        ends = [env.step(block("print(1)"))[3] for _ in range(horizon)]
        assert ends == [False] * (horizon - 1) + [True]


def test_anchors_tell_states_apart() -> None:
    seen = set()
    for task in ("test/0000", "test/0001"):
        for code in ("print(1)", "print(1 )", "print(2)"):
            env = TirMathEnv()
            seen.add(env.reset(options={"task_id": task})[1]["anchor"])
            seen.add(env.step(block(code))[4]["anchor"])
    assert len(seen) == 2 + 6


def test_conditions_and_comparability(monkeypatch: pytest.MonkeyPatch) -> None:
    env = TirMathEnv()
    assert env.conditions["grader"].startswith("math-verify 0.")
    assert env.conditions["interpreter"].startswith(("python 3.", "monty", "http"))
    for isolation, incomparable in (("bwrap", ""), ("none", "isolation: none")):
        monkeypatch.setattr(TirMathEnv, "isolation", isolation)
        assert env.incomparable.startswith(incomparable)
        assert bool(env.incomparable) == bool(incomparable)


def children() -> Iterator[int]:
    """Yield the processes that this one has started, the grader's apart."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text, command = stat.read_text(), stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == os.getpid() and b"verdict.py" not in command:
            yield int(stat.parent.name)


def kill_children() -> None:
    for pid in children():
        os.kill(pid, signal.SIGKILL)


def test_the_sandbox_may_be_killed_between_turns(env: TirMathEnv) -> None:
    for number in range(4):
        assert env.step(block(f"print({number})"))[0] == f"\nCode execution result: {number}\n"
        kill_children()
    assert env.step(box(env.problem.answer))[1] == 1.0


def test_the_sandbox_may_be_killed_within_a_turn(env: TirMathEnv) -> None:
    env.step(block("print(0)"))
    assert list(children())
    for number in range(3):
        killer = threading.Timer(0.1 + 0.1 * number, kill_children)
        killer.start()
        observation = env.step(block(f"import time\ntime.sleep(0.5)\nprint({number})"))[0]
        killer.join()
        assert observation == f"\nCode execution result: {number}\n"


def test_many_environments_share_a_pool() -> None:
    envs = [TirMathEnv(size="mini") for _ in range(64)]
    before = None
    for number, env in enumerate(envs):
        env.reset(options={"task_id": f"test/{number:04d}"})
        while plan := env.demonstrator.oracle():
            env.step(plan[0])
        assert env.success
        before = before or len(list(children()))
    assert len(list(children())) <= before + 1


def test_a_recording_replays_to_the_same_score() -> None:
    rng = Random(0)
    recorded = []
    env = AgentProtocol(TirMathEnv())
    for number in range(6):
        steps, replies = [env.reset(options={"task_id": f"validation/{number:04d}"})], []
        while not steps[-1][-1]["success"] and not any(steps[-1][2:4]):
            game = env.game
            plan = (
                game.demonstrator.oracle() if rng.random() < 0.7 else game.demonstrator.noise(rng)
            )
            replies.append(game.reply_format.write(game.demonstrator.thought(plan), plan[0]))
            steps.append(env.step(replies[-1]))
            if steps[-1][2] or steps[-1][3]:
                break
        recorded.append((number, replies, steps))
    again = AgentProtocol(TirMathEnv())
    for number, replies, steps in reversed(recorded):
        replayed = [again.reset(options={"task_id": f"validation/{number:04d}"})]
        replayed += [again.step(reply) for reply in replies]
        assert replayed == steps
    assert {steps[-1][-1]["success"] for _, _, steps in recorded} == {True, False}


def test_same_bytes_in_any_process(tmp_path: Path) -> None:
    program = (
        "from random import Random\n"
        "from arlarena_bench.envs.tir_math.env import TirMathEnv\n"
        "rng = Random(0)\n"
        "for size in ('full', 'mini'):\n"
        "    env = TirMathEnv(size=size)\n"
        "    for seed in range(3):\n"
        "        print(env.reset(seed=seed), env.demonstrator.oracle(), env.tasks.panel('test'))\n"
        "        while not env.terminated and env.turns < 3:\n"
        "            print(env.step(env.demonstrator.noise(rng)[0]))\n"
    )
    assert printed_everywhere(program, tmp_path)


def test_addresses_in_memory_do_not_reach_the_prompt(env: TirMathEnv) -> None:
    observation, *_ = env.step(block("print(x for x in 'ab')\nprint(object())"))
    assert observation.count("object") == 3
    assert observation.count("at 0x…>") == 2


def test_what_a_person_sees(env: TirMathEnv) -> None:
    written = StringIO()
    console = Console(width=200, file=written)
    console.print(env.view.page())
    env.step(block("print(7 * 6)"))
    console.print(env.view.page())
    env.step(box("0"))
    console.print(env.view.page())
    hint, result, again, end = written.getvalue().splitlines()
    assert r"\boxed{answer}" in hint == again
    assert result == "Code execution result: 42"
    assert end == f"The answer is {env.problem.answer}."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": "midi"}, "unknown size of problems 'midi'; did you mean 'mini'"),
        ({"size": ["mini"]}, r"unknown size of problems \['mini'\]"),
        ({"horizon": 0}, "horizon must be"),
        ({"timeout": 0}, "timeout is 0 s; it must be above 0"),
        ({"timeout": float("inf")}, "timeout is inf s; .* below a day"),
        ({"timeout": "10"}, "timeout is '10' s"),
        ({"max_output": 0}, "max_output must be at least 1"),
        ({"max_output": 1.5}, "max_output must be at least 1, got 1.5"),
        ({"stateful": "yes"}, "stateful must be True or False, got 'yes'"),
        ({"sandbox": "bwarp"}, "did you mean 'bwrap'"),
        ({"render_mode": "human"}, "unknown render mode 'human'"),
    ],
)
def test_bad_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        TirMathEnv(**settings)


def test_an_imported_environment_starts_nothing() -> None:
    before = set(children())
    env = TirMathEnv()
    env.reset(seed=0)
    env.demonstrator.oracle()
    assert set(children()) == before
