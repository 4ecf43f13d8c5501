import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chat_server import Answer, chat_server, refused, said

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.budget import Budget, Price
from arlarena_bench.policy.chat_client import LONGEST, ChatClient
from arlarena_bench.policy.endpoint import STRIKES, Endpoint, Retries
from arlarena_bench.policy.request_log import LOG_FILE, RequestLog
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import ChatSection
from arlarena_bench.streams import Stream

KEY = "sk-secret-0123456789"
PAPER = Sampling(16, 0.6, 0.95, 20)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("OPENAI_BASE_URL", "OPENAI_ORG_ID", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def endpoint(
    folder: Path,
    url: str,
    *,
    budget: Budget | None = None,
    tries: int = 3,
    concurrency: int = 4,
    timeout: float = 5.0,
) -> Iterator[Endpoint]:
    with (
        closing(ChatClient("tiny", url, timeout=timeout)) as client,
        RequestLog.open(folder) as log,
    ):
        yield Endpoint(client, log, budget or Budget(), Retries(tries, 0.001), concurrency)


def ask(place: Endpoint, *prompts: str, sampling: Sampling = PAPER) -> list[Generation]:
    streams = [Stream.of("test", index) for index in range(len(prompts))]
    return place.sample([Ask(prompt) for prompt in prompts], sampling, streams)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG_FILE).read_text().splitlines()]


def test_a_decoder_is_asked_for_in_full_and_replies_come_in_order(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        return said(body["messages"][0]["content"].upper())

    with chat_server(behave) as server, endpoint(tmp_path, server.url) as place:
        replies = ask(place, "north", "east", "south")
        assert [reply.text for reply in replies] == ["NORTH", "EAST", "SOUTH"]
        assert not any(reply.failure or reply.reply_ids for reply in replies)
        ask(place, "north", sampling=Sampling(4, 0.0))
    first, *_, greedy = server.bodies
    drawn = {name: first[name] for name in ("temperature", "top_p", "top_k", "max_tokens")}
    assert drawn == {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "max_tokens": 16}
    assert 0 <= first["seed"] < 2**31
    assert len({body["seed"] for body in server.bodies[:3]}) == 3
    assert (greedy["temperature"], greedy["top_k"], "seed" in greedy) == (0.0, 0, False)
    assert server.headers[0]["accept-encoding"] == "identity"
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_a_chat_is_opened_as_the_recipe_says(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        kept = "chat_template_kwargs" in body
        return refused(400, "Unknown argument: chat_template_kwargs") if kept else said("fine")

    client_chat = ChatSection(system="be brief", thinking=True)
    with chat_server(behave) as server, RequestLog.open(tmp_path) as log:
        client = ChatClient("tiny", server.url)
        place = Endpoint(client, log, Budget(), Retries(), 1, chat=client_chat)
        assert ask(place, "go")[0].text == "fine"
        client.close()
        assert place.exchanges[-1].left_out == ["chat_template_kwargs"]
    assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": True}
    assert server.bodies[0]["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "go"},
    ]


def test_a_conversation_alternates(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        return said(f"reply {number}. and more")

    with chat_server(behave) as server, endpoint(tmp_path, server.url) as place:
        stream = [Stream.of("talk")]
        ends: Callable[[str], bool] = lambda text: "." in text  # noqa: E731
        (first,) = place.sample([Ask("begin", complete=ends)], PAPER, stream)
        (second,) = place.sample(
            [Ask("begin … next", first, " next", complete=ends)], PAPER, stream
        )
    assert (first.text, second.text) == ("reply 0.", "reply 1.")
    assert server.bodies[1]["messages"] == [
        {"role": "user", "content": "begin"},
        {"role": "assistant", "content": "reply 0."},
        {"role": "user", "content": " next"},
    ]


BAD = {
    "rate limit": (refused(429, "slow down"), "429: slow down"),
    "server error": (refused(503, "overloaded"), "503: overloaded"),
    "a page for people": (
        Answer(b"<html>busy</html>", 502, {"Content-Type": "text/html"}),
        "502: <html>busy</html>",
    ),
    "too late": (Answer(wait=0.6), "no reply within 0.3 s"),
    "cut": (Answer(b'{"choices": [', length=4000), "the connection failed: "),
    "nothing": (Answer(), "no chat completion, but nothing"),
    "other JSON": (Answer(b'{"choices": []}'), 'no chat completion, but {"choices": []}'),
    "no JSON": (Answer(b"hello \x1b[31m"), "no chat completion, but hello [31m"),
    "another type": (said(None, choices=[{"message": {"content": 7}}]), "no chat completion"),
    "no reply": (said("", tokens=0), "an empty reply, for which nothing was sampled"),
    "megabytes": (said("x" * LONGEST), "a response of more than 4 MiB"),
    "megabytes of error": (Answer(b"x" * (LONGEST + 1), 500), "a response of more than 4 MiB"),
    "a number beyond all": (said("x", tokens=10**400), "no chat completion"),
    "compressed": (
        Answer(gzip.compress(bytes(1000)), headers={"Content-Encoding": "gzip"}),
        "a compressed response",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_may_be_better_another_time_is_tried_again(name: str, tmp_path: Path) -> None:
    bad, reason = BAD[name]

    def behave(number: int, body: dict[str, Any]) -> Answer:
        return bad if number == 0 else said("fine")

    with chat_server(behave) as server, endpoint(tmp_path, server.url, timeout=0.3) as place:
        (reply,) = ask(place, "go")
        assert (reply.text, reply.failure) == ("fine", "")
        first, second = place.exchanges
    assert reason in (first.error or "")
    assert (first.reply, second.reply, second.error) == (None, "fine", None)


@pytest.mark.parametrize("name", ["server error", "cut", "no reply"])
def test_what_stays_bad_is_a_failure_and_no_reply(name: str, tmp_path: Path) -> None:
    bad, reason = BAD[name]
    with (
        chat_server(lambda number, body: bad) as server,
        endpoint(tmp_path, server.url) as place,
    ):
        (reply,) = ask(place, "go")
        assert len(place.exchanges) == 3
    assert reply.text == ""
    assert reply.failure.startswith(reason)


def test_the_servers_own_pause_is_kept(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        late = Answer(status=429, headers={"Retry-After": "0.2"})
        return late if number == 0 else said("fine")

    with chat_server(behave) as server, endpoint(tmp_path, server.url) as place:
        began = time.monotonic()
        assert ask(place, "go")[0].text == "fine"
        assert time.monotonic() - began >= 0.2


def test_what_no_text_can_hold_can_be_asked(tmp_path: Path) -> None:
    with chat_server() as server, endpoint(tmp_path, server.url) as place:
        assert ask(place, "\ud800 go")[0].text == "hello"
    assert server.bodies[0]["messages"][0]["content"] == "? go"


def test_nobody_waits_for_a_day(tmp_path: Path) -> None:
    tomorrow = {"Retry-After": "Thu, 01 Jan 2099 00:00:00 GMT"}
    with (
        chat_server(lambda number, body: Answer(status=429, headers=tomorrow)) as server,
        endpoint(tmp_path, server.url) as place,
    ):
        assert ask(place, "go")[0].failure == "429: nothing said"
    assert len(server.bodies) == 1


def test_a_silent_model_is_not_a_silent_server(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        return said(None, tokens=1) if number == 0 else said("", "length", tokens=16)

    with chat_server(behave) as server, endpoint(tmp_path, server.url, concurrency=1) as place:
        assert [(r.text, r.failure) for r in ask(place, "a", "b")] == [("", ""), ("", "")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refused(400, "the context has 100 tokens only"), "400: the context has 100 tokens only"),
        (said("half", "content_filter"), "the server's filter kept the reply back"),
        (said("long", tokens=17), "a reply of 17 tokens, where at most 16 were asked for"),
    ],
)
def test_what_will_not_get_better_is_asked_once(
    answer: Answer, reason: str, tmp_path: Path
) -> None:
    with (
        chat_server(lambda number, body: answer) as server,
        endpoint(tmp_path, server.url) as place,
    ):
        assert ask(place, "go")[0].failure == reason
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("answer", "said_of_it"),
    [
        (refused(401, f"Incorrect API key provided: {KEY}"), "refuses the key; it says 401: "),
        (refused(404, "no such model"), "has no model 'tiny', or no chat; it says 404: "),
        (
            refused(429, "you are out of money", code="insufficient_quota"),
            "has no quota left; it says 429: you are out of money",
        ),
        (
            Answer(status=307, headers={"Location": f"http://elsewhere/v1?key={KEY}"}),
            "redirects to http://elsewhere/v1?key=[key]; if that is right",
        ),
    ],
)
def test_what_helps_nobody_ends_it_in_one_line(
    answer: Answer, said_of_it: str, tmp_path: Path
) -> None:
    with (
        chat_server(lambda number, body: answer) as server,
        endpoint(tmp_path, server.url) as place,
        pytest.raises(ArenaError) as caught,
    ):
        ask(place, *"abcdefgh")
    assert said_of_it in str(caught.value)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value) + (tmp_path / LOG_FILE).read_text()


def test_the_key_is_written_nowhere(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        echoed = f"you sent {KEY}"
        return refused(500, echoed) if number == 0 else said(echoed)

    with chat_server(behave) as server, endpoint(tmp_path, server.url) as place:
        assert ask(place, "go")[0].text == "you sent [key]"
    assert KEY not in (tmp_path / LOG_FILE).read_text()


def test_settings_that_a_server_does_not_take_are_left_out_and_said(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        if "top_k" in body:
            return refused(400, "Unrecognized request argument supplied: top_k")
        if "seed" in body:
            return refused(422, '[{"type": "extra_forbidden", "loc": ["body", "seed"]}]')
        if "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return refused(400, message, param="max_tokens")
        return said("fine")

    with chat_server(behave) as server:
        with endpoint(tmp_path, server.url) as place:
            assert ask(place, "go")[0].text == "fine"
            assert place.exchanges[-1].left_out == ["top_k"]
            assert sorted(place.exchanges[-1].refused) == ["max_tokens", "seed", "top_k"]
        assert server.bodies[-1]["max_completion_tokens"] == 16
        asked = len(server.bodies)
        with endpoint(tmp_path, server.url) as place:
            assert [reply.text for reply in ask(place, "go", "on")] == ["fine", "fine"]
        assert len(server.bodies) == asked + 1


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    with chat_server(lambda number, body: said(f"number {number}")) as server:
        with endpoint(tmp_path, server.url) as place:
            first = ask(place, "go")
        with (tmp_path / LOG_FILE).open("a") as log:
            log.write('{"key": "torn')
        with endpoint(tmp_path, server.url) as place:
            assert ask(place, "go") == first
            assert len(place.exchanges) == 1
            assert len(server.bodies) == 1
            # Another prompt, decoder or stream is another question.
            ask(place, "go", sampling=Sampling(16))
            ask(place, "went", "go")
    assert len(server.bodies) == 4
    assert lines(tmp_path)[0]["reply"] == "number 0"


def test_what_has_failed_is_asked_again_by_the_next_command(tmp_path: Path) -> None:
    broken = [True]

    def behave(number: int, body: dict[str, Any]) -> Answer:
        return refused(500, "broken") if broken[0] else said("fine")

    with chat_server(behave) as server:
        with endpoint(tmp_path, server.url) as place:
            assert ask(place, "go")[0].failure == "500: broken"
        broken[0] = False
        with endpoint(tmp_path, server.url) as place:
            assert ask(place, "go")[0].text == "fine"
            assert [each.reply for each in place.exchanges] == [None, None, None, "fine"]


def test_one_process_holds_a_folder(tmp_path: Path) -> None:
    with (
        chat_server() as server,
        endpoint(tmp_path, server.url),
        pytest.raises(ArenaError, match="is being written by another process"),
        endpoint(tmp_path, server.url),
    ):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1:9", "nobody.invalid"])
def test_a_server_that_was_never_there_ends_it_in_one_line(host: str, tmp_path: Path) -> None:
    said = rf"^http://{host}/v1 cannot be reached \(the connection failed: .*; check the network"
    with closing(ChatClient("tiny", f"http://{host}/v1")) as client:
        with RequestLog.open(tmp_path) as log, pytest.raises(ArenaError, match=said) as caught:
            ask(Endpoint(client, log, Budget(), Retries(), concurrency=4), *map(str, range(20)))
        assert not client.answered
    assert "\n" not in str(caught.value)
    # Nobody waited for a third try, and most did not ask at all.
    assert len(lines(tmp_path)) <= 12


def test_a_server_that_is_gone_is_not_waited_for_by_everybody(tmp_path: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Answer:
        return replace(said("first"), headers={"Connection": "close"})

    with ExitStack() as later:
        with chat_server(behave) as server:
            place = later.enter_context(endpoint(tmp_path, server.url, tries=2, concurrency=2))
            ask(place, "first")
        replies = ask(place, *map(str, range(20)))
        assert all("the connection failed: [Errno 111]" in reply.failure for reply in replies)
        assert "the server had no reply 8 times in a row" in replies[-1].failure
        assert 2 * STRIKES < len(place.exchanges) <= 2 * STRIKES + 3


def test_as_many_requests_fly_as_were_asked_for(tmp_path: Path) -> None:
    meet = threading.Barrier(3)

    def behave(number: int, body: dict[str, Any]) -> Answer:
        meet.wait(5)
        return said("met")

    with chat_server(behave) as server, endpoint(tmp_path, server.url, concurrency=3) as place:
        assert {reply.text for reply in ask(place, *"abcdef")} == {"met"}
    assert server.most_at_once == 3


@pytest.mark.parametrize(
    ("budget", "answered", "said_of_it"),
    [
        (Budget(requests=3), 3, "the budget of 3 requests is spent"),
        # Of a request, 1 + 64 prompt and 16 reply tokens are set aside; 45 come back.
        (Budget(tokens=200), 3, "the budget of 200 tokens leaves no room"),
        (Budget(money=0.5, price=Price(1000, 4000)), 7, "the budget of 0.5 in money leaves no"),
    ],
)
def test_a_budget_is_kept_with_requests_in_flight(
    budget: Budget, answered: int, said_of_it: str, tmp_path: Path
) -> None:
    with chat_server() as server, endpoint(tmp_path, server.url, budget=budget) as place:
        replies = ask(place, *"abcdefghij")
    assert len(server.bodies) == answered
    failures = [reply.failure for reply in replies if reply.failure]
    assert len(failures) == 10 - answered
    assert all(failure.startswith(said_of_it) for failure in failures)


def test_what_a_server_does_not_count_counts_as_the_most(tmp_path: Path) -> None:
    budget = Budget(tokens=10_000)
    with (
        chat_server(lambda number, body: said("fine", tokens=None)) as server,
        endpoint(tmp_path, server.url, budget=budget) as place,
    ):
        ask(place, "go")
    assert (budget.spent.prompt_tokens, budget.spent.reply_tokens) == (66, 16)


@pytest.mark.parametrize(
    ("url", "key_from", "said_of_it"),
    [
        ("localhost:8000", None, "give an address such as"),
        ("ftp://host/v1", None, "give an address such as"),
        (f"http://me:{KEY}@host/v1", None, "without user, password or query"),
        (f"http://host/v1?key={KEY}", None, "without user, password or query"),
        ("http://host/v1", KEY, "takes the name of an environment variable"),
        ("http://host/v1", "NO_SUCH_KEY", "no variable of that name"),
    ],
)
def test_a_wrong_address_or_key_is_one_line_without_it(
    url: str, key_from: str | None, said_of_it: str
) -> None:
    with pytest.raises(ArenaError, match=said_of_it) as caught:
        ChatClient("tiny", url, key_from)
    assert KEY not in str(caught.value)


def test_a_key_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a\nb")
    with pytest.raises(ArenaError, match="characters that no key has"):
        ChatClient("tiny", "http://host/v1")


def test_another_file_in_the_folder_is_not_taken_for_a_log(tmp_path: Path) -> None:
    (tmp_path / LOG_FILE).write_text('{"step": 1}\n')
    with (
        pytest.raises(ArenaError, match=r"requests.jsonl, line 1: no request to an endpoint"),
        RequestLog.open(tmp_path),
    ):
        pass
