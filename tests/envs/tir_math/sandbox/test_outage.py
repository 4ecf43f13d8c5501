"""Services that fail in every way: never the agent's failure, and never an address in a prompt."""

import json
import re
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from field_cases import case, cases
from sandboxes import needs, opened
from typer.testing import CliRunner

from arlarena_bench import outage
from arlarena_bench.cli import app
from arlarena_bench.envs.tir_math.env import TirMathEnv
from arlarena_bench.envs.tir_math.reply import block
from arlarena_bench.envs.tir_math.sandbox import Limits, Result, Sandbox, fork_backend, http_backend
from arlarena_bench.envs.tir_math.sandbox.box import ENDED, PROBE
from arlarena_bench.outage import OutageError

Answer = Callable[[BaseHTTPRequestHandler, str], None]
RECIPE = Path(__file__).parents[4] / "baselines/recipes/nano.tir_math_mini.yaml"
LOST = case("service-failure-scored-2")["input"]["service answers"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "PAUSES", (0.0, 0.01, 0.01, 0.01))
    monkeypatch.setattr(http_backend, "PATIENCE", 0.5)


@contextmanager
def service(*answers: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve, with the last of the answers for ever; yield the address and what was asked."""
    left, asked = list(answers), []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            code = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["code"]
            asked.append(code)
            (left.pop(0) if len(left) > 1 else left[0])(self, code)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def say(body: Any, status: int = 200) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def ran(stdout: Any = "", **others: Any) -> Any:
    result = {"status": "Finished", "return_code": 0, "stdout": stdout, "stderr": ""} | others
    return {"status": "Success", "message": "", "run_result": result}


def hang_up(handler: BaseHTTPRequestHandler, _: str) -> None:
    handler.connection.close()


def cut_off(handler: BaseHTTPRequestHandler, _: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"status"')
    handler.connection.close()


def hang(handler: BaseHTTPRequestHandler, _: str) -> None:
    time.sleep(2)


def works(handler: BaseHTTPRequestHandler, code: str) -> None:
    say(ran("42\n" if code == PROBE else "fine\n"))(handler, code)


def only_the_probe(otherwise: Answer) -> Answer:
    return lambda handler, code: (works if code == PROBE else otherwise)(handler, code)


BROKEN: dict[str, Answer] = {
    "500": say(b"Internal Server Error at 10.1.2.3:8080", 500),
    "502": say(b"<html>Bad gateway</html>", 502),
    "503": say({"detail": "overloaded"}, 503),
    "404": say(b"not here", 404),
    "401": say(b"who are you", 401),
    "429": say(b"slow down", 429),
    "hangs up": hang_up,
    "cut off": cut_off,
    "hangs": hang,
    "nothing": say(b""),
    "a page": say(b"<html>Welcome to nginx</html>"),
    "not UTF-8": say(b"\xff\xfe\x00"),
    "null": say(None),
    "a list": say([1]),
    "a number": say(42),
    "nested": say(b"[" * 100_000),
    "no run_result": say({"status": "Success"}),
    "a run_result of text": say({"status": "Success", "run_result": "42"}),
    "lost": say(LOST),
    "SandboxError, though finished": say({**ran("42\n"), "status": "SandboxError"}),
    "no return code": say(ran("42\n", return_code=None)),
    "a return code of text": say(ran("42\n", return_code="0")),
    "a return code of truth": say(ran("42\n", return_code=True)),
    "no status": say(ran("42\n", status=None)),
    "output that is a list": say(ran(["42"])),
    "another's answer": say(ran("Hello, world!\n")),
    "nothing printed": say(ran("")),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_service_that_answers_nothing_of_use_ends_in_one_line(how: str) -> None:
    """The last two run something, and not what was asked; they show when one is lost."""
    first = say(b"", 500) if how in ("another's answer", "nothing printed") else BROKEN[how]
    with service(first, BROKEN[how]) as (url, _):
        env = TirMathEnv(sandbox="http", url=url, timeout=0.2)
        env.reset(options={"task_id": "test/0000"})
        before = env.anchor()
        with pytest.raises(OutageError) as raised:
            env.step(block("print(6 * 9)"))
        said = str(raised.value)
        assert f"the code service {url}/run_code does not work (" in said
        assert "\n" not in said
        assert "--resume" in said
        assert (env.measures["code"], env.anchor()) == (0.0, before), "nothing came of it"


@pytest.mark.parametrize("how", ["500", "hangs up", "cut off", "lost", "a page", "hangs"])
def test_an_outage_that_passes_is_not_noticed(how: str) -> None:
    with service(BROKEN[how], BROKEN[how], works) as (url, asked), Sandbox("http", url=url) as box:
        assert box.run("print('fine')", timeout=0.2) == Result("fine\n")
    assert asked == ["print('fine')", PROBE, PROBE, "print('fine')"]


@pytest.mark.parametrize("how", ["500", "hangs up", "lost", "429", "hangs", "a page"])
def test_what_only_one_program_gets_is_that_program_s_failure(how: str) -> None:
    """Else an agent would have a way to end everybody's run."""
    with service(only_the_probe(BROKEN[how])) as (url, asked):
        env = TirMathEnv(sandbox="http", url=url, timeout=0.2)
        env.reset(options={"task_id": "test/0000"})
        shown = env.step(block("import os; os.abort()"))[0]
        assert shown == f"\nCode execution result: {ENDED}\n"
        assert not re.search(r"127|:\d{4}|http", shown)
        assert env.measures["execution_error"] == 1.0
    assert len(asked) == 2 * outage.STRIKES


def test_what_the_program_said_itself_is_shown() -> None:
    failed = ran("1\n", return_code=1, stderr="Traceback\nValueError: http://mine\n")
    with service(say(failed)) as (url, _), Sandbox("http", url=url) as box:
        assert box.run("…") == Result(
            "1\n", "ValueError: http://mine", "Traceback\nValueError: http://mine\n"
        )


def test_a_program_that_prints_too_much_is_the_one_that_failed() -> None:
    flood = say(ran("x" * 20_000))
    with (
        service(flood) as (url, asked),
        Sandbox("http", url=url, limits=Limits(output=1000)) as box,
    ):
        assert box.run("…").error == "OutputLimit: more than 1000 bytes printed"
    assert asked == ["…"]


def test_missing_streams_are_empty() -> None:
    with service(say(ran(None, stderr=None))) as (url, _), Sandbox("http", url=url) as box:
        assert box.run("x = 1") == Result("")


@pytest.mark.parametrize("scored", cases("service-failure-scored"), ids=itemgetter("id"))
def test_no_command_scores_an_outage(scored: dict[str, Any], tmp_path: Path) -> None:
    recipe = tmp_path / "it.yaml"

    def evaluated(url: str) -> Any:
        kwargs = f"{{size: mini, sandbox: http, url: '{url}'}}"
        recipe.write_text(f"extends: {RECIPE}\nenvironment:\n  kwargs: {kwargs}\n")
        words = ["evaluate", "oracle", "--preset", str(recipe), "--tasks", "20"]
        return CliRunner().invoke(app, [*words, "--env", "tir_math_mini"])

    if isinstance(scored["input"], str):
        url = "http://127.0.0.1:9"
        done = evaluated(url)
    else:
        with service(say(scored["input"]["service answers"])) as (url, _):
            done = evaluated(url)
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: the code service {url}/run_code does not work (")


@pytest.mark.parametrize("level", ["bwrap", "namespaces", "none"])
@pytest.mark.filterwarnings("ignore::arlarena_bench.errors.ArenaWarning")
def test_a_local_sandbox_that_no_longer_starts_is_an_outage(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(level)

    def broken(*_: object) -> None:
        raise OSError("[Errno 11] Resource temporarily unavailable")

    with opened(level) as box, box.session() as held, box.session() as fresh:
        held.run("x = 1")
        monkeypatch.setattr(fork_backend.levels, "start", broken)
        backend = box._started
        assert isinstance(backend, fork_backend.ForkBackend)
        for run in (held.run, fresh.run, box.run):
            if backend._server is not None:
                backend._end(backend._server)
            # What it had forked ends with it, a moment later.
            if (child := held._runs._child) is not None:  # type: ignore[attr-defined]
                assert select.select([child.lifeline], [], [], 5)[0]
            with pytest.raises(
                OutageError, match=f"the sandbox '{level}' does not work .*Errno 11"
            ):
                run("print(1)")
        monkeypatch.undo()
        assert box.run("print(1)").output == fresh.run("print(1)").output == "1\n"


@pytest.mark.parametrize("level", ["bwrap", "namespaces", "none"])
def test_code_whose_server_always_dies_with_it_fails_and_others_run(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(level)
    with opened(level) as box:
        backend = box._started
        assert isinstance(backend, fork_backend.ForkBackend)
        original = backend._run

        def run(code: str, timeout: float) -> Result:
            if "kill" in code and backend._server is not None:
                backend._server.process.kill()
            return original(code, timeout)

        monkeypatch.setattr(backend, "_run", run)
        for number in range(3):
            assert box.run("print('kill the server')", timeout=5).error in (ENDED, "")
            assert box.run(f"print({number})").output == f"{number}\n"


@pytest.mark.parametrize("stateful", [False, True])
def test_a_process_that_cannot_be_confined_never_runs_the_code(stateful: bool) -> None:
    needs("namespaces")
    with Sandbox("namespaces", limits=Limits(disk=-5)) as box:
        run = box.session().run if stateful else box.run
        with pytest.raises(OutageError, match=r"unfit: OSError: .* mount /tmp"):
            run("print('unconfined')")
