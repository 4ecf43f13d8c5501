"""`evaluate openai:MODEL` with a real vLLM server on loopback."""

import json
import string
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch
from click.testing import Result as Done
from tiny_models import write_model
from typer.testing import CliRunner
from vllm_server import NAME, VllmServer, vllm_server

from arlarena_bench.cli import app
from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.endpoint_scoring import EndpointRequest, score_endpoint, usage_lines
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.policy.base import Ask, Sampler
from arlarena_bench.policy.budget import Budget
from arlarena_bench.policy.chat_client import ChatClient
from arlarena_bench.policy.endpoint import Endpoint, Retries
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.nano import train_tokenizer
from arlarena_bench.policy.request_log import LOG_FILE, Exchange, RequestLog
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.record import RESULT_FILE, Result, read_result
from arlarena_bench.streams import Stream

pytestmark = pytest.mark.vllm

# The narrowest heads that vLLM's attention takes on a CPU.
HEADS = {"hidden_size": 64, "num_attention_heads": 2, "head_dim": 32}
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
)
TASKS = 3
DIES_AFTER = 17  # requests: in the second of the three episodes, of twelve turns each


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a chat template, of whose replies the text tells the tokens."""
    words = train_tokenizer([string.printable], r"[\s\S]", joined=True)
    words.chat_template = TEMPLATE
    folder = write_model(tmp_path_factory.mktemp("chat"), "Qwen3ForCausalLM", words, **HEADS)
    model = LanguageModel.load(folder)
    silent = [words.pad_token_id, words.bos_token_id, words.unk_token_id]
    with torch.no_grad():
        model.model.lm_head.weight[silent] = 0  # never the likeliest
    model.save(folder)
    return folder


@pytest.fixture(scope="module")
def server(chat: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    """The server, until the last test kills it."""
    with vllm_server(chat, tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def score(server: VllmServer, folder: Path, *settings: str, model: str = NAME) -> Result:
    asked = EndpointRequest(server.url, concurrency=2, tries=2, backoff=0.01)
    where = ("nano", "sokoban", "test", 2)
    return score_endpoint(
        f"openai:{model}", asked, folder, *where, decoder="paper", settings=settings
    )


def evaluate(server: VllmServer, environment: str, folder: Path) -> Done:
    line = ["evaluate", f"openai:{NAME}", "--base-url", server.url, "--env", environment]
    line += ["--tasks", str(TASKS), "--decoder", "greedy", "--out", str(folder)]
    return CliRunner().invoke(
        app, [*line, "--concurrency", "1", "--tries", "2", "--backoff", "0.01"]
    )


def check_whole(folder: Path, chat: Path, environment: str) -> None:
    """Check that a result is that of the model in this process, and nothing was asked twice."""
    result = read_result(folder / RESULT_FILE)
    own = score_policy(str(chat), "nano", environment, "test", TASKS, decoder="greedy")
    assert replies(result) == replies(own)
    assert result.main.summary == own.main.summary
    ids = [turn for e in own.main.episodes if e.turns is not None for turn in e.turns.token_ids]
    usage = result.usage
    assert usage is not None
    assert (usage.models, usage.reply_tokens) == ((NAME,), sum(map(len, ids)))
    exchanges = [json.loads(line) for line in (folder / LOG_FILE).open()]
    answered = [exchange["key"] for exchange in exchanges if exchange["reply"] is not None]
    assert len(answered) == len(set(answered)) == len(ids)
    assert len(exchanges) - len(answered) == usage.failed_requests


def replies(result: Result) -> dict[str, tuple[str, ...]]:
    return {e.task_id: e.turns.replies for e in result.main.episodes if e.turns is not None}


def test_every_setting_of_the_decoder_is_taken(server: VllmServer, tmp_path: Path) -> None:
    first, again = (score(server, tmp_path / name) for name in ("a", "b"))
    assert replies(first) == replies(again)
    assert len(set().union(*replies(first).values())) > 12
    assert first.usage is not None
    assert (first.usage.failed_requests, first.usage.left_out) == (0, ())


def test_what_a_server_refuses_is_one_line(server: VllmServer, tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match=r"no episode was played to its end: 400: .* 512 tokens"):
        score(server, tmp_path / "long", "protocol.template=null")
    with pytest.raises(ArenaError, match="404") as caught:
        score(server, tmp_path / "other", model="another")
    assert "\n" not in str(caught.value)


def test_what_a_server_shortens_is_said(server: VllmServer, tmp_path: Path) -> None:
    long = dict.fromkeys(("first", "later"), "x" * 380 + "{observation}")
    settings = (f"protocol.template={json.dumps(long)}", "train.max_new_tokens=128")
    result = score(server, tmp_path, *settings)
    usage = result.usage
    assert usage is not None
    assert 0 < usage.shortened <= usage.requests
    assert "cut by the server before 128 tokens" in "\n".join(usage_lines(result))


def test_a_conversation_goes_on_as_in_this_process(
    server: VllmServer, chat: Path, tmp_path: Path
) -> None:
    greedy = Sampling(12, temperature=0)

    def conversations(sampler: Sampler) -> list[list[str]]:
        asks = [Ask(f"What is {number} + {number}?") for number in range(4)]
        turns: list[list[Generation]] = []
        for added in ("", " Sure?", " And now?"):
            if turns:
                asks = [
                    Ask(ask.prompt + added, reply, added)
                    for ask, reply in zip(asks, turns[-1], strict=True)
                ]
            streams = [Stream.of("tests", ask.prompt) for ask in asks]
            turns.append(sampler.sample(asks, greedy, streams))
        return [[reply.text for reply in turn] for turn in turns]

    with closing(ChatClient(NAME, server.url)) as client, RequestLog.open(tmp_path) as log:
        asked = conversations(Endpoint(client, log, Budget(), Retries(), concurrency=2))
    assert asked == conversations(LanguageModel.load(chat))
    assert len({text for turn in asked for text in turn}) > 6


@pytest.mark.parametrize(
    "environment", ["alfworld_mini", "sokoban", "tir_math_mini", "webshop_mini"]
)
def test_it_plays_as_in_this_process(
    environment: str, server: VllmServer, chat: Path, tmp_path: Path
) -> None:
    done = evaluate(server, environment, tmp_path)
    assert done.exit_code == 0, done.stderr
    check_whole(tmp_path, chat, environment)


def test_it_goes_on_with_a_server_that_was_killed_and_started_again(
    server: VllmServer, chat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kept = RequestLog.append
        count = iter(range(1, DIES_AFTER + 1))

        def append(log: RequestLog, exchange: Exchange) -> None:
            kept(log, exchange)
            if next(count, None) == DIES_AFTER:
                server.kill()

        patch.setattr(RequestLog, "append", append)
        died = evaluate(server, "sokoban", tmp_path)
    assert died.exit_code == 1
    assert f"not played, and in no score: {TASKS - 1} of {TASKS} episodes" in died.stdout
    log = (tmp_path / LOG_FILE).read_bytes()
    assert "cannot be reached" in evaluate(server, "webshop_mini", tmp_path / "other").stderr
    with vllm_server(chat, tmp_path / "log", server.port) as again:
        assert evaluate(again, "sokoban", tmp_path).exit_code == 0
    assert (tmp_path / LOG_FILE).read_bytes().startswith(log)
    check_whole(tmp_path, chat, "sokoban")
