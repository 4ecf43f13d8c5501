"""verifiers plays our tasks with a model behind a server on loopback."""

import asyncio
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from chat_server import Answer, chat_server, said
from documented import documented
from replays import BARE, FORBIDDEN, LEFT, RIGHT, replayed

vf = pytest.importorskip("verifiers.v1")
from verifiers.v1.utils.loaders import load_environment, resolve_env_config

REPLIES = [RIGHT, FORBIDDEN, f"  {LEFT}\n", BARE]


def whole(reply: str) -> Answer:
    """A completion with all that the package insists on."""
    usage = {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45}
    return said(reply, tokens=None, created=0, usage=usage)


@pytest.fixture(autouse=True)
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "arlarena_tasks.py").write_text(*documented("ecosystem.md", "verifiers"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "arlarena_tasks", raising=False)
    monkeypatch.setenv("ARLARENA_TEST_KEY", "none")


def played(url: str, **taskset: Any) -> list[Any]:
    """The episodes of every task, one after the other."""

    async def play() -> list[Any]:
        env = load_environment(resolve_env_config({"taskset": {"id": "arlarena_tasks", **taskset}}))
        client = vf.EvalClientConfig(base_url=url, api_key_var="ARLARENA_TEST_KEY")
        context = vf.ModelContext(model="tiny", client=client)
        async with env.serving():
            return [await env.run_episode(task, context) for task in env.taskset]

    return asyncio.run(play())


def test_the_reward_is_that_of_a_direct_replay() -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        return whole(REPLIES[number % len(REPLIES)])

    with chat_server(behave) as server:
        episodes = played(server.url, environment="sokoban", split="validation", tasks=2)
    assert [e.task.data.name for e in episodes] == ["validation/0000", "validation/0001"]
    asked = iter(server.bodies)
    number = 0
    for episode in episodes:
        assert episode.ok, episode.errors
        (trace,) = episode.traces
        length = int(trace.metrics["turns"])
        replies = [REPLIES[(number + turn) % len(REPLIES)] for turn in range(length)]
        number += length
        turns = replayed("arlarena/Sokoban-v0", episode.task.data.name, replies)
        assert turns[-1]["over"]
        assert trace.reward == pytest.approx(sum(turn["reward"] for turn in turns))
        assert trace.metrics["penalty"] == pytest.approx(sum(t["penalty"] for t in turns))
        assert trace.metrics["success"] == turns[-1]["success"]
        for turn in turns[:-1]:
            assert next(asked)["messages"] == [{"role": "user", "content": turn["prompt"]}]
    assert next(asked, None) is None


def test_the_documented_command_plays(tmp_path: Path) -> None:
    (command,) = documented("ecosystem.md", "verifiers", language="")
    with chat_server(lambda number, body: whole(RIGHT)) as server:
        line = command.replace("\\\n", "").replace("https://api.openai.com/v1", server.url)
        words = shlex.split(line.replace("OPENAI_API_KEY", "ARLARENA_TEST_KEY").replace("64", "1"))
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            words, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    turns = replayed("arlarena/Sokoban-v0", "validation/0000", [RIGHT] * len(server.bodies))
    assert turns[-1]["over"]
    reward = sum(turn["reward"] for turn in turns)
    assert f"reward={reward:.2f}" in done.stdout


def test_a_conversation_goes_on() -> None:
    code = "```python\nprint(6 * 7)\n```"
    with chat_server(lambda number, body: whole(code)) as server:
        (episode,) = played(server.url, environment="tir_math_mini", split="validation", tasks=1)
    assert episode.ok, episode.errors
    lengths = [len(body["messages"]) for body in server.bodies]
    assert lengths == [*range(1, 2 * len(lengths), 2)]
    assert len(lengths) > 1
    assert [m["content"] for m in server.bodies[-1]["messages"] if m["role"] == "assistant"] == [
        code
    ] * (len(lengths) - 1)


def test_tasks_to_train_on_are_drawn_from_a_seed() -> None:
    def drawn(seed: int) -> list[str]:
        config = {"id": "arlarena_tasks", "environment": "sokoban", "split": "train", "tasks": 4}
        env = load_environment(resolve_env_config({"taskset": config | {"seed": seed}}))
        return [task.data.name for task in env.taskset]

    assert len(set(drawn(0))) == 4
    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
