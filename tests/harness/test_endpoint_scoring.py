import os
import signal
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from chat_server import Answer, ChatServer, chat_server, refused, said
from relay import relay_recipe
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.endpoint_scoring import (
    EndpointRequest,
    default_folder,
    score_endpoint,
    usage_lines,
)
from arlarena_bench.harness.scoring import score_policy, scores_table
from arlarena_bench.policy.request_log import LOG_FILE
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.record import (
    RESULT_FILE,
    Result,
    check,
    comparable,
    read_result,
    write_result,
)

STEP = "<think> box right </think> <action> right </action>"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def score(server: ChatServer, folder: Path, tasks: int = 4, **request: Any) -> Result:
    asked = EndpointRequest(server.url, **{"backoff": 0.001, "tries": 2, **request})
    return score_endpoint(
        "openai:tiny", asked, folder, "nano", "sokoban", "test", tasks, decoder="paper"
    )


def faults(result: Result) -> list[str]:
    return check(result, make_environment(result.recipe).game.tasks.panel("test"))


def test_a_model_behind_an_endpoint_is_scored_and_its_cost_is_told(tmp_path: Path) -> None:
    with chat_server(lambda number, body: said(STEP)) as server:
        result = score(server, tmp_path, price="1,2")
        asked = len(server.bodies)
        again = score(server, tmp_path, price="1,2")
    assert again == result == read_result(tmp_path / RESULT_FILE)
    assert faults(result) == []
    assert (result.policy.kind, result.label, result.incomparable) == ("model", "tiny", "")
    assert result.main.summary.format_valid == 1.0
    usage = result.usage
    assert usage is not None
    assert (
        usage.requests
        == asked
        == len(server.bodies)
        == sum(episode.length for episode in result.main.episodes)
    )
    assert (usage.failed_requests, usage.models) == (0, ("tiny-2026-11-01",))
    assert (usage.prompt_tokens, usage.reply_tokens) == (40 * asked, 5 * asked)
    assert usage.money == pytest.approx(50 * asked / 1e6)
    shown = "\n".join(usage_lines(result))
    assert f"endpoint: {server.url}, answered by tiny-2026-11-01" in shown
    assert "asked for: temperature 0.7, top_p 0.95, top_k 20, at most 8 tokens" in shown
    assert f"cost: {asked} requests (0 failed)" in shown


def test_replies_that_the_server_cuts_too_early_are_counted(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        ends = [("length", 5), ("length", body["max_tokens"]), ("stop", 5), ("length", None)]
        return said(STEP, *ends[number % len(ends)])

    with chat_server(behave) as server:
        result = score(server, tmp_path, tasks=1, concurrency=1)
        asked = len(server.bodies)
    assert result.usage is not None
    assert result.usage.shortened == len(range(0, asked, 4)) > 1
    told = f"cut by the server before 8 tokens: {result.usage.shortened} replies"
    assert told in "\n".join(usage_lines(result))


def test_what_cannot_be_had_is_in_no_score_until_a_rerun_has_it(tmp_path: Path) -> None:
    broken = [True]

    def behave(number: int, body: dict[str, Any]) -> Answer:
        unlucky = zlib.crc32(body["messages"][0]["content"].encode()) % 30 == 0
        return refused(500, "broken") if unlucky and broken[0] else said(STEP)

    with chat_server(behave) as server:
        part = score(server, tmp_path / "a", tasks=8)
        broken[0] = False
        rest = score(server, tmp_path / "a", tasks=8)
        whole = score(server, tmp_path / "b", tasks=8)
    failed = part.main.failed
    assert 0 < len(failed) < 8
    assert len(part.main.episodes) + len(failed) == 8
    assert {episode.reason for episode in failed} == {"500: broken"}
    assert part.incomparable.startswith(f"{len(failed)} of 8 episodes were not played")
    assert faults(part) == []
    # What was played says the same as ever, and nothing that failed counts against the model.
    known = {episode.task_id: episode for episode in whole.main.episodes}
    assert all(episode == known[episode.task_id] for episode in part.main.episodes)
    assert rest.scores == whole.scores
    assert (rest.incomparable, rest.main.failed) == ("", ())
    assert "reason against the leaderboard" in " ".join(comparable(part, whole))
    shown = "\n".join([scores_table(part), *usage_lines(part)])
    assert "not for the leaderboard: " in shown
    assert f"not played, and in no score: {len(failed)} of 8 episodes" in shown
    assert f"  {len(failed)} × 500: broken" in shown


def test_a_spent_budget_keeps_what_was_done(tmp_path: Path) -> None:
    with chat_server(lambda number, body: said(STEP)) as server:
        whole = score(server, tmp_path / "whole", concurrency=2)
        needed = len(server.bodies)
        part = score(server, tmp_path / "part", concurrency=2, max_requests=needed - 5)
        assert len(server.bodies) == 2 * needed - 5
        # The budget is that of the folder: the same command asks for nothing more.
        assert score(server, tmp_path / "part", concurrency=2, max_requests=needed - 5) == part
        rest = score(server, tmp_path / "part", concurrency=2, max_requests=needed)
    assert len(server.bodies) == 2 * needed
    assert 0 < len(part.main.failed) < 4
    assert part.main.failed[0].reason == f"the budget of {needed - 5} requests is spent"
    assert rest.scores == whole.scores


def test_a_conversation_goes_on_behind_what_counted(tmp_path: Path) -> None:
    recipe = tmp_path / "relay.yaml"
    recipe.write_text(relay_recipe().to_yaml())

    def behave(number: int, body: dict[str, Any]) -> Answer:
        heard = body["messages"][-1]["content"].split()[-1]
        return said(f"I say {heard} . And so on.")

    with chat_server(behave) as server:
        asked = EndpointRequest(server.url)
        result = score_endpoint(
            "openai:tiny", asked, tmp_path / "out", str(recipe), "relay", "test", 8
        )
    assert result.main.summary.success == 1.0
    roles = [[message["role"] for message in body["messages"]] for body in server.bodies]
    assert Counter(map(len, roles)) == {1: 8, 3: 8}
    assert all(each == ["user", "assistant", "user"][: len(each)] for each in roles)
    last = server.bodies[-1]["messages"]
    assert last[1]["content"].endswith(".")
    assert "And so on" not in last[1]["content"]
    assert result.main.episodes[0].turns.replies[0].endswith(" .")


@pytest.mark.parametrize(
    ("changes", "said_of_it"),
    [
        ({"max_cost": 1.0}, "--max-cost needs the prices of a million tokens"),
        ({"price": "1"}, "--price '1': give two amounts"),
        ({"price": "nan,1"}, "--price 'nan,1': give two amounts"),
    ],
)
def test_wrong_prices_are_one_line(
    changes: dict[str, Any], said_of_it: str, tmp_path: Path
) -> None:
    with pytest.raises(ArenaError, match=said_of_it):
        score_endpoint(
            "openai:tiny", EndpointRequest(**changes), tmp_path, "nano", "sokoban", "test", 2
        )


def test_a_chat_template_is_the_servers(tmp_path: Path) -> None:
    settings = ["protocol.chat.template={{ messages }}"]
    with pytest.raises(ArenaError, match="the server has the chat template"):
        score_endpoint(
            "openai:x", EndpointRequest(), tmp_path, "nano", "sokoban", "test", 2, settings=settings
        )


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with chat_server() as server:
        pass
    with pytest.raises(ArenaError, match=r"cannot be reached \(the connection failed"):
        score(server, tmp_path)


def test_an_absent_client_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.delitem(sys.modules, "arlarena_bench.policy.chat_client", raising=False)
    monkeypatch.delitem(sys.modules, "arlarena_bench.policy.endpoint", raising=False)
    with pytest.raises(ArenaError, match=r"pip install 'arlarena-bench\[api\]'"):
        score_endpoint("openai:x", EndpointRequest(), tmp_path, "nano", "sokoban", "test", 2)


def test_the_result_has_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="give a folder"):
        score_endpoint("openai:x", EndpointRequest(), tmp_path / "r.zst", "nano", "sokoban", "test")
    folder = default_folder("openai:org/model", "nano", "sokoban")
    assert folder == Path("runs/evaluate/org--model/nano/sokoban")


def test_another_result_is_not_replaced(tmp_path: Path) -> None:
    write_result(tmp_path / RESULT_FILE, score_policy("random", "nano", "sokoban", "test", 2))
    before = (tmp_path / RESULT_FILE).read_bytes()
    with (
        chat_server() as server,
        pytest.raises(ArenaError, match="holds a result of random, preset nano, arlarena/Sokoban"),
    ):
        score(server, tmp_path)
    assert (tmp_path / RESULT_FILE).read_bytes() == before
    assert server.bodies == []


def test_the_command_is_on_record_and_the_key_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-secret-0123456789"
    monkeypatch.setenv("TINY_KEY", key)
    options = ["--tasks", "2", "--set", "train.max_new_tokens=512", "--key-from", "TINY_KEY"]
    with chat_server(lambda number, body: said(STEP)) as server:
        line = ["evaluate", "openai:tiny", *options, "--base-url", server.url]
        done = CliRunner().invoke(app, [*line, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.stderr
    assert server.headers[0]["authorization"] == f"Bearer {key}"
    assert server.bodies[0]["max_tokens"] == 512
    assert "at most 512 tokens" in done.stdout
    result = read_result(tmp_path / "out" / RESULT_FILE)
    assert result.provenance.command == (
        "arlarena evaluate openai:tiny --preset nano --env sokoban --split test --tasks 2 --set "
        f"train.max_new_tokens=512 --base-url {server.url} --key-from TINY_KEY"
    )
    log = (tmp_path / "out" / LOG_FILE).read_text()
    assert key not in done.output + result.model_dump_json() + log


def test_failed_episodes_show_in_the_exit_code(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        return refused(400, "too long") if number == 3 else said(STEP)

    with chat_server(behave) as server:
        line = ["evaluate", "openai:tiny", "--tasks", "2", "--base-url", server.url]
        done = CliRunner().invoke(app, [*line, "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stdout.endswith("  1 × 400: too long\n")
    idle = CliRunner().invoke(app, ["evaluate", "random", "--concurrency", "2"])
    assert "--concurrency is for openai:MODEL alone" in idle.stderr


def test_a_killed_command_goes_on_without_asking_twice(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "arlarena_bench", "evaluate", "openai:tiny", "--tasks", "6"]
    process: list[subprocess.Popen[bytes]] = []

    def behave(number: int, body: dict[str, Any]) -> Answer:
        if number == 20:
            os.kill(process[0].pid, signal.SIGKILL)
        return said(STEP)

    with chat_server(behave) as server:
        line = [*command, "--base-url", server.url, "--out", str(killed), "--concurrency", "2"]
        process.append(subprocess.Popen(line, stderr=subprocess.DEVNULL))
        assert process[0].wait(120) == -signal.SIGKILL
        kept = len((killed / LOG_FILE).read_bytes().split(b"\n")) - 1
        assert 18 <= kept <= 20
        first = len(server.bodies)
        result = score(server, killed, tasks=6, concurrency=2)
        added = len(server.bodies) - first
        whole = score(server, tmp_path / "whole", tasks=6)
    assert result.scores == whole.scores
    assert kept + added == whole.usage.requests == result.usage.requests
