"""An OpenEnv server on loopback, and its own client."""

import socket
import threading
import time
from typing import Any

import pytest
from documented import documented
from replays import REPLIES, replayed

pytest.importorskip("openenv")
from openenv import GenericEnvClient

from arlarena_bench import ArenaError
from arlarena_bench.adapters.openenv import app


@pytest.fixture(scope="module")
def url() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server, _ = documented("ecosystem.md", "OpenEnv")
    serve = server.replace("8000", str(port)).replace(")\n", ", log_level='error')\n")
    threading.Thread(target=exec, args=(serve, {}), daemon=True).start()
    deadline = time.monotonic() + 60
    while not reachable(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return f"http://127.0.0.1:{port}"


def reachable(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_documented_client_plays(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, client = documented("ecosystem.md", "OpenEnv")
    space: dict[str, Any] = {}
    exec(client.replace("http://127.0.0.1:8000", url), space)
    turn = replayed("arlarena/Sokoban-v0", "test/0007", [space["reply"]])[-1]
    assert space["result"].observation["message"] == turn["prompt"]
    assert capsys.readouterr().out == f"{turn['prompt']} {turn['reward']} False\n"


def test_the_client_sees_what_gymnasium_gives(url: str) -> None:
    direct = replayed("arlarena/Sokoban-v0", "test/0007", REPLIES)
    with GenericEnvClient(base_url=url).sync() as client:
        results = [client.reset(task_id="test/0007")]
        results += [client.step({"reply": reply}) for reply in REPLIES]
        assert client.state()["step_count"] == len(REPLIES)
        assert client.state()["task_id"] == "test/0007"
    assert {turn["penalty"] for turn in direct} == {0.0, 0.1}
    for number, (result, turn) in enumerate(zip(results, direct, strict=True)):
        seen = result.observation
        assert seen["message"] == turn["prompt"]
        assert seen["admissible_actions"] == turn["admissible_actions"]
        assert (seen["format_valid"], seen["action_valid"]) == (
            turn["format_valid"],
            turn["action_valid"],
        )
        assert result.reward == (pytest.approx(turn["reward"]) if number else None)
        assert result.done == turn["over"]


def test_two_sessions_are_two_episodes_and_a_seed_draws_one_task(url: str) -> None:
    one, two = GenericEnvClient(base_url=url).sync(), GenericEnvClient(base_url=url).sync()
    with one, two:
        first, second = one.reset(task_id="test/0000"), two.reset(seed=7)
        assert first.observation["task_id"] == "test/0000"
        one.step({"reply": REPLIES[0]})
        assert two.state()["step_count"] == 0
        assert two.reset(seed=7).observation == second.observation
        with pytest.raises(Exception, match="no task 'test/9999'"):
            two.reset(task_id="test/9999")


def test_a_wrong_name_is_known_before_anything_is_served() -> None:
    with pytest.raises(ArenaError, match="did you mean 'sokoban'"):
        app("sokobam")
