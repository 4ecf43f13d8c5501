import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from arlarena_bench.envs.tir_math.sandbox import Limits, Result, Sandbox, http_backend, shared
from arlarena_bench.errors import ArenaError
from arlarena_bench.outage import LostError


class Service(BaseHTTPRequestHandler):
    """Answers `POST /run_code` in SandboxFusion's shape, with our own sandbox behind it."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/run_code" or asked["language"] != "python":
            self.send_error(404)
            return
        if asked["code"] == "garbage":
            self._answer(b"<html>")
            return
        if asked["code"] == "drip":
            self._answer(b" " * 100, pause=0.05)
            return
        if asked["code"] == "deep":
            self._answer(b"[" * 100_000)
            return
        if asked["code"] == "broken":
            body = {"status": "SandboxError", "message": "no workers", "run_result": None}
            self._answer(json.dumps(body).encode())
            return
        result = shared().run(asked["code"], asked["run_timeout"])
        ran = {
            "status": "TimeLimitExceeded" if result.timed_out else "Finished",
            "execution_time": 0.1,
            "return_code": None if result.timed_out else int(result.failed),
            "stdout": result.output,
            "stderr": result.stderr,
        }
        status = "Failed" if result.failed else "Success"
        self._answer(json.dumps({"status": status, "message": "", "run_result": ran}).encode())

    def _answer(self, body: bytes, pause: float = 0.0) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not pause:
            self.wfile.write(body)
            return
        with contextlib.suppress(OSError):  # whoever asked may hang up
            for number in range(len(body)):
                self.wfile.write(body[number : number + 1])
                time.sleep(pause)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "code", ["print(6 * 7)", "print(1)\n1 / 0", "print('ü\\0')", "x = '\ud800'"]
)
def test_the_service_gives_what_the_sandbox_behind_it_gives(url: str, code: str) -> None:
    with Sandbox("http", url=url) as box:
        assert box.isolation == "http"
        assert box.run(code) == shared().run(code)


def test_a_timeout_is_reported(url: str) -> None:
    with Sandbox("http", url=f"{url}/run_code") as box:
        result = box.run("print(1)\nwhile True: pass", timeout=0.4)
    assert result == Result("1\n", "TimeoutError: stopped after 0.4 s", "", timed_out=True)


def test_an_answer_in_drops_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_backend, "PATIENCE", 0.3)
    backend = http_backend.HttpBackend(url, Limits())
    with pytest.raises(LostError, match="takes too long"):
        backend.run("drip", timeout=0.2)


@pytest.mark.parametrize(
    ("code", "why"), [("garbage", "JSON"), ("deep", "RecursionError"), ("broken", "no workers")]
)
def test_an_answer_that_is_none_is_one_line(url: str, code: str, why: str) -> None:
    with pytest.raises(LostError, match=why) as raised:
        http_backend.HttpBackend(url, Limits()).run(code, 1.0)
    assert "\n" not in str(raised.value)


def test_a_wrong_address_and_sessions_are_refused(url: str) -> None:
    with pytest.raises(ArenaError, match="does not begin"):
        Sandbox("http", url="localhost:8080").run("1")
    with Sandbox("http", url=url) as box, pytest.raises(ArenaError, match="keeps no variables"):
        box.session()
