"""The backend of a service: SandboxFusion, or anything that answers `POST /run_code` as it does."""

import json
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.outage import LostError

from .result import Limits, Result, last_line, out_of_time, too_much_printed

# Beyond the time of the code itself: a queue, a container.
PATIENCE = 30.0
# Of the answer: the two streams, with every byte escaped.
LONGEST = 12


class HttpBackend:
    """Sends code to a service, which is trusted to isolate it."""

    isolation = "http"
    advice = "see whether it runs and is not overloaded, or give the url= of another"

    def __init__(self, url: str, limits: Limits) -> None:
        if not url.startswith(("http://", "https://")):
            raise ArenaError(f"url {url!r} does not begin with http:// or https://")
        self._url = url.rstrip("/")
        if not self._url.endswith("/run_code"):
            self._url += "/run_code"
        self.name = f"the code service {self._url}"
        self._limits = limits

    def run(self, code: str, timeout: float) -> Result:
        """Run code there.

        Raises:
            LostError: If it gives no answer that says what came of the code.
        """
        deadline = time.monotonic() + timeout + PATIENCE
        body = json.dumps({"code": code, "language": "python", "run_timeout": timeout})
        question = urllib.request.Request(
            self._url, body.encode(), {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(question, timeout=timeout + PATIENCE) as answer:
                content = self._read(answer, deadline)
            if len(content) > LONGEST * self._limits.output:
                return Result(error=too_much_printed(self._limits.output))
            return self._result(json.loads(content), timeout)
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            # urllib's errors are OSErrors; what is not JSON is a ValueError, or nested too deep.
            raise LostError(last_line(f"{type(error).__name__}: {error}")) from error

    def session(self) -> Any:
        """Refuse: the service keeps nothing.

        Raises:
            ArenaError: Always.
        """
        raise ArenaError("the sandbox 'http' keeps no variables; use another for stateful=True")

    def close(self) -> None:
        """Nothing to close."""

    def forget(self) -> None:
        """Nothing to let go of."""

    def _read(self, answer: HTTPResponse, deadline: float) -> bytes:
        # The timeout of a socket begins anew with every byte.
        content = b""
        while len(content) <= LONGEST * self._limits.output and (part := answer.read1(1 << 16)):
            content += part
            if time.monotonic() > deadline:
                raise TimeoutError("the answer takes too long")
        return content

    def _result(self, answer: Any, timeout: float) -> Result:
        ran = answer.get("run_result") if isinstance(answer, dict) else None
        if not isinstance(ran, dict) or answer.get("status") == "SandboxError":
            said = answer.get("message") if isinstance(answer, dict) else None
            raise LostError(last_line(str(said)) if said else "an answer without run_result")
        status, code = ran.get("status"), ran.get("return_code")
        output, errors = _text(ran, "stdout")[: self._limits.output], _text(ran, "stderr")
        if status == "TimeLimitExceeded":
            return Result(output, out_of_time(timeout), errors, timed_out=True)
        if status != "Finished" or type(code) is not int:
            raise LostError(f"run_result.status is {status!r}, return_code {code!r}")
        error = "" if code == 0 else last_line(errors) or f"SystemExit: {code}"
        return Result(output, error, errors)


def _text(ran: dict[str, Any], name: str) -> str:
    text = ran.get(name)
    if text is not None and not isinstance(text, str):
        raise LostError(f"run_result.{name} is not text")
    return text or ""
