"""`evaluate openai:MODEL` with a real vLLM server on loopback."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vllm_server import NAME, VllmServer, vllm_server

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.endpoint_scoring import EndpointRequest, score_endpoint
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.policy.model_folder import load_tokenizer
from arlarena_bench.policy.request_log import LOG_FILE
from arlarena_bench.record import Result

pytestmark = pytest.mark.vllm

TEMPLATE = "{{ bos_token }}{% for message in messages %}{{ message['content'] }}{% endfor %}"
TASKS = 8


@pytest.fixture(scope="module")
def chat(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloned model with a chat template, which a server asks for."""
    folder = Path(shutil.copytree(start, tmp_path_factory.mktemp("chat") / "model"))
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def server(chat: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    with vllm_server(chat, tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def score(
    server: VllmServer,
    folder: Path,
    *settings: str,
    model: str = NAME,
    tasks: int = TASKS,
    decoder: str = "greedy",
    **request: Any,
) -> Result:
    asked = EndpointRequest(server.url, **{"backoff": 0.01, "tries": 2, **request})
    where = ("nano", "sokoban", "test", tasks)
    return score_endpoint(
        f"openai:{model}", asked, folder, *where, decoder=decoder, settings=settings
    )


def replies(result: Result) -> list[tuple[str, ...] | None]:
    return [None if e.turns is None else e.turns.replies for e in result.main.episodes]


def test_greedy_replies_are_those_of_this_process(
    server: VllmServer, chat: Path, tmp_path: Path
) -> None:
    asked = score(server, tmp_path)
    own = score_policy(str(chat), "nano", "sokoban", "test", TASKS, decoder="greedy")
    assert replies(asked) == replies(own)
    assert asked.main.summary == own.main.summary
    usage = asked.usage
    assert usage is not None
    assert (usage.failed_requests, usage.left_out, usage.models) == (0, (), (NAME,))
    ids = [e.turns.token_ids for e in own.main.episodes if e.turns is not None]
    assert usage.reply_tokens == sum(len(reply) for episode in ids for reply in episode)


def test_every_setting_of_the_decoder_is_taken(server: VllmServer, tmp_path: Path) -> None:
    first, again = (
        score(server, tmp_path / name, decoder="paper", concurrency=2) for name in ("a", "b")
    )
    assert replies(first) == replies(again)
    assert first.usage is not None
    assert first.usage.left_out == ()


def test_what_a_server_refuses_is_one_line(server: VllmServer, tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match=r"no episode was played to its end: 400: .* 64 tokens"):
        score(server, tmp_path / "long", "train.max_new_tokens=60")
    with pytest.raises(ArenaError, match="404") as caught:
        score(server, tmp_path / "other", model="another")
    assert "\n" not in str(caught.value)


def test_a_server_that_goes_away_costs_what_was_not_played(
    server: VllmServer, tmp_path: Path
) -> None:
    log = tmp_path / LOG_FILE

    def end_it() -> None:
        while not log.exists() or log.read_bytes().count(b"\n") < 60:
            if done.wait(0.05):
                return
        server.kill()

    done = threading.Event()
    killer = threading.Thread(target=end_it)
    killer.start()
    try:
        result = score(server, tmp_path, tasks=64, concurrency=4)
    finally:
        done.set()
        killer.join()
    played, failed = len(result.main.episodes), len(result.main.failed)
    assert played > 0
    assert failed > 0
    assert played + failed == 64
    assert result.incomparable == (
        f"{failed} of 64 episodes were not played; the same command goes on with them"
    )
