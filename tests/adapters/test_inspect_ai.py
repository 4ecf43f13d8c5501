"""Inspect plays our panels, and scores what a direct replay of the same replies comes to."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from chat_server import chat_server, said
from documented import documented
from replays import BARE, FORBIDDEN, LEFT, RIGHT, replayed

inspect_ai = pytest.importorskip("inspect_ai")
from inspect_ai._util.registry import registry_find, registry_info
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from arlarena_bench import ArenaError
from arlarena_bench.adapters.inspect_ai import task_of
from arlarena_bench.environment_names import environment_names


def output(reply: str) -> ModelOutput:
    """A reply with its usage, which Inspect would count with a tokenizer from the network."""
    made = ModelOutput.from_content("mockllm/model", reply)
    made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return made


def test_the_scores_are_those_of_a_direct_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = [RIGHT, FORBIDDEN, LEFT, BARE]
    model = get_model("mockllm/model", custom_outputs=[*map(output, replies * 15)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSPECT_EVAL_MAX_SAMPLES", "1")
    space: dict[str, Any] = {"model": model}
    (lines,) = documented("ecosystem.md", "Inspect")
    exec(lines, space)
    log = space["log"]
    assert log.status == "success", log.error
    assert log.eval.task == "arlarena_bench/sokoban"
    assert log.eval.dataset.name.endswith("/validation")
    assert [sample.id for sample in log.samples] == [f"validation/000{n}" for n in range(2)]
    rewards = []
    for sample in log.samples:
        said = [m.text for m in sample.messages if m.role == "assistant"]
        turns = replayed("arlarena/Sokoban-v0", sample.id, said)
        assert turns[-1]["over"]
        assert [m.text for m in sample.messages if m.role == "user"] == [
            turn["prompt"] for turn in turns[:-1]
        ]
        score = sample.scores["outcome"].value
        rewards.append(sum(turn["reward"] for turn in turns))
        assert score == {
            "success": float(turns[-1]["success"]),
            "score": turns[-1]["score"],
            "reward": pytest.approx(rewards[-1]),
            "penalty": pytest.approx(sum(turn["penalty"] for turn in turns)),
            "turns": len(said),
        }
    metrics = {s.name: {n: m.value for n, m in s.metrics.items()} for s in log.results.scores}
    assert metrics["reward"]["mean"] == pytest.approx(sum(rewards) / 2)
    assert (
        metrics["success"]["accuracy"]
        == sum(sample.scores["outcome"].value["success"] for sample in log.samples) / 2
    )


def test_the_documented_command_plays(tmp_path: Path) -> None:
    (command,) = documented("ecosystem.md", "Inspect", language="")
    usage = {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45}
    with chat_server(
        lambda number, body: said(RIGHT, tokens=None, created=0, usage=usage)
    ) as server:
        words = shlex.split(command.replace("openai/gpt-5", "openai-api/here/tiny"))
        words[0] = str(Path(sys.executable).with_name(words[0]))
        words[-1] = "tasks=1"
        told = {"HERE_API_KEY": "none", "HERE_BASE_URL": server.url, "INSPECT_DISPLAY": "plain"}
        done = subprocess.run(
            words, cwd=tmp_path, env={**os.environ, **told}, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stdout + done.stderr
    turns = replayed("arlarena/Sokoban-v0", "validation/0000", [RIGHT] * len(server.bodies))
    assert turns[-1]["over"]
    (log,) = map(str, (tmp_path / "logs").glob("*.eval"))
    (sample,) = read_eval_log(log).samples
    reward = sum(turn["reward"] for turn in turns)
    assert sample.scores["outcome"].value["reward"] == pytest.approx(reward)


def test_each_prompt_is_asked_alone_but_a_conversation_goes_on(tmp_path: Path) -> None:
    asked: list[int] = []

    def answer(messages: list[object], *_: object) -> ModelOutput:
        asked.append(len(messages))
        return output("```python\nprint(1 + 1)\n```")

    for name, lengths in (("sokoban", {1}), ("tir_math_mini", {1, 3, 5})):
        asked.clear()
        inspect_ai.eval(
            task_of(name, "validation", 1),
            model=get_model("mockllm/model", custom_outputs=answer),
            log_dir=str(tmp_path),
            display="none",
        )
        assert set(asked) >= lengths
        assert lengths != {1} or set(asked) == {1}


def test_there_is_a_task_for_every_environment() -> None:
    tasks = registry_find(lambda info: info.type == "task")
    names = {registry_info(found).name for found in tasks}
    ours = {n for n, env_id in environment_names().items() if env_id.startswith("arlarena/")}
    assert len(ours) >= 7
    assert names >= {f"arlarena_bench/{name}" for name in ours}
    with pytest.raises(ArenaError, match="tasks, asked for 1000000"):
        task_of("sokoban", "validation", 10**6)
