"""One request to an OpenAI-compatible server by the official client, and what became of it."""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arlarena_bench.errors import ArenaError

Message = dict[str, str]

OPENAI = "https://api.openai.com/v1"
KEY = "OPENAI_API_KEY"
LONGEST = 4 << 20  # bytes of a response
CONNECT = 5.0  # seconds until a connection counts as refused, as in the official client
# Settings of the API itself; servers take others as further fields of the request.
STANDARD = ("temperature", "top_p", "seed", "max_tokens", "max_completion_tokens")
NEWER_LIMIT = "max_completion_tokens"
_SHOWN = 200
_UNSUPPORTED = re.compile(
    r"unsupported|not supported|does not support|unrecogni[sz]ed|unknown|unexpected|extra|"
    r"not permitted|not allowed"
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class UnansweredError(Exception):
    """A request without a usable reply.

    Args:
        reason: Why, in a line without secrets.
        again: Whether the same request may be answered another time.
        wait: Seconds that the server asks for before it.
        unsupported: A setting that the server does not take; it may be asked without.
        unreached: Whether there was no connection at all.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool = False,
        wait: float = 0.0,
        unsupported: str | None = None,
        unreached: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.wait = wait
        self.unsupported = unsupported
        self.unreached = unreached


@dataclass(frozen=True, slots=True)
class Completion:
    """What a server answered.

    Attributes:
        text: The reply.
        model: Who answered, as the server says; empty if it does not.
        prompt_tokens: As the server counts them; None if it does not.
        reply_tokens: Likewise.
        finish_reason: Why the reply ended, as the server says; None if it does not.
    """

    text: str
    model: str
    prompt_tokens: int | None
    reply_tokens: int | None
    finish_reason: str | None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _Message(_Part):
    content: str | None = None


class _Choice(_Part):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Part):
    prompt_tokens: int = Field(ge=0, lt=1 << 40)
    completion_tokens: int = Field(ge=0, lt=1 << 40)


class _Response(_Part):
    model: str | None = None
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class _Bounded(httpx2.SyncByteStream):
    """A response's body that ends with an error where it grows too long, or comes too slowly."""

    def __init__(self, stream: httpx2.SyncByteStream, seconds: float) -> None:
        self._stream = stream
        self._until = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        length = 0
        for chunk in self._stream:
            length += len(chunk)
            if length > LONGEST:
                raise httpx2.ReadError(f"a response of more than {LONGEST >> 20} MiB")
            if time.monotonic() > self._until:
                raise httpx2.ReadTimeout("the response does not end")
            yield chunk

    def close(self) -> None:
        self._stream.close()


class ChatClient:
    """A model behind an OpenAI-compatible server.

    The key is read from the environment, sent to this server alone (redirections are not
    followed), and stands in nothing that this class says.

    Args:
        model: Its name there.
        base_url: Of the server; `$OPENAI_BASE_URL`, or OpenAI's own, if None.
        key_from: Variable with the key; `OPENAI_API_KEY`, which need not be set, if None.
        timeout: Seconds until a request counts as lost.

    Attributes:
        model: As given.
        base_url: The server's, resolved.
        answered: Whether it has answered anything yet.

    Raises:
        ArenaError: If the address or the key cannot be used.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        key_from: str | None = None,
        timeout: float = 600.0,
    ) -> None:
        if not model:
            raise ArenaError("give the model's name at the server, as openai:MODEL")
        self.model = model
        self.base_url = _checked_url(base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI)
        self.answered = False
        self._key = _key(key_from)
        self._timeout = timeout
        self._connect = min(timeout, CONNECT)
        limits = httpx2.Timeout(timeout, connect=self._connect)
        http = openai.DefaultHttpxClient(
            base_url=self.base_url,
            timeout=limits,
            follow_redirects=False,
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [self._bound]},
        )
        self._client = openai.OpenAI(
            api_key=self._key or "none",
            base_url=self.base_url,
            max_retries=0,
            timeout=limits,
            http_client=http,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def complete(self, messages: Sequence[Message], settings: Mapping[str, Any]) -> Completion:
        """Ask once.

        Args:
            messages: The chat so far, a user's message at its end.
            settings: How the reply is drawn, by the API's names.

        Raises:
            UnansweredError: If there is no usable reply.
            ArenaError: If no request can be answered: the key, the model or the address is wrong.
        """
        standard = {name: settings[name] for name in STANDARD if name in settings}
        further = {name: value for name, value in settings.items() if name not in STANDARD}
        sent: Any = [
            {**message, "content": message["content"].encode(errors="replace").decode()}
            for message in messages
        ]
        try:
            response = self._client.chat.completions.with_raw_response.create(
                model=self.model, messages=sent, extra_body=further, **standard
            )
        except openai.APITimeoutError as error:
            unreached = isinstance(error.__cause__, httpx2.ConnectTimeout)
            said = (
                f"no connection within {self._connect:g} s"
                if unreached
                else f"no reply within {self._timeout:g} s"
            )
            raise UnansweredError(said, again=True, unreached=unreached) from None
        except openai.APIConnectionError as error:
            said = f"the connection failed: {self._shown(str(error.__cause__ or error))}"
            unreached = isinstance(error.__cause__, httpx2.ConnectError)
            raise UnansweredError(said, again=True, unreached=unreached) from None
        except openai.APIStatusError as error:
            raise self._refusal(error, settings) from None
        return self._read(response.content)

    def _bound(self, response: httpx2.Response) -> None:
        self.answered = True
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.ReadError("a compressed response, which was not asked for")
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Bounded(response.stream, self._timeout)

    def _read(self, body: bytes) -> Completion:
        try:
            response = _Response.model_validate_json(body)
        except ValidationError:
            said = self._shown(body[: 4 * _SHOWN].decode(errors="replace")) or "nothing"
            raise UnansweredError(f"no chat completion, but {said}", again=True) from None
        choice, usage = response.choices[0], response.usage
        if choice.finish_reason == "content_filter":
            raise UnansweredError("the server's filter kept the reply back")
        text = choice.message.content or ""
        if not text and not (usage and usage.completion_tokens):
            raise UnansweredError("an empty reply, for which nothing was sampled", again=True)
        return Completion(
            self._without_key(text),
            self._shown(response.model or ""),
            usage.prompt_tokens if usage else None,
            usage.completion_tokens if usage else None,
            None if choice.finish_reason is None else self._shown(choice.finish_reason),
        )

    def _refusal(self, error: openai.APIStatusError, settings: Mapping[str, Any]) -> Exception:
        """Return what a status other than success means."""
        status, headers = error.status_code, error.response.headers
        body = error.body if isinstance(error.body, dict) else {}
        message = body.get("message")
        text = message if isinstance(message, str) else error.response.text
        said = f"{status}: {self._shown(text) or 'nothing said'}"
        if 300 <= status < 400:
            target = self._shown(headers.get("location", "nowhere"))
            return ArenaError(
                f"{self.base_url} redirects to {target}; if that is right, give it as --base-url"
            )
        if status in (401, 403):
            sent = "the key" if self._key else "requests without a key (see --key-from)"
            return ArenaError(f"{self.base_url} refuses {sent}; it says {said}")
        if status in (404, 405):
            return ArenaError(
                f"{self.base_url} has no model {self.model!r}, or no chat; it says {said}"
            )
        if error.code == "insufficient_quota":
            return ArenaError(f"the account at {self.base_url} has no quota left; it says {said}")
        if status in (408, 409, 425, 429) or status >= 500:
            return UnansweredError(said, again=True, wait=_retry_after(headers))
        name = _unsupported(text, error.param, settings) if status in (400, 422) else None
        return UnansweredError(said, unsupported=name)

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[key]") if len(self._key) >= 8 else text

    def _shown(self, text: str) -> str:
        """Return what a server said as a short line that can be printed."""
        words = " ".join(self._without_key(text).split())
        plain = "".join(character for character in words if character.isprintable())
        return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ArenaError("--base-url: give an address such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ArenaError(
            "--base-url: an address without user, password or query; a key comes from --key-from"
        )
    return url.rstrip("/")


def _key(variable: str | None) -> str:
    """Return the key; nothing is said of what stands in its place, for it may be one."""
    if variable is not None and not _VARIABLE.fullmatch(variable):
        raise ArenaError("--key-from takes the name of an environment variable, not a key")
    key = os.environ.get(variable or KEY, "").strip()
    if variable is not None and not key:
        raise ArenaError("--key-from: the environment has no variable of that name with a key")
    if not (key.isascii() and key.isprintable()):
        raise ArenaError("the key in the environment has characters that no key has")
    return key


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds of a Retry-After, given as such or as a date; 0 without a usable one."""
    given = headers.get("retry-after", "")
    try:
        return max(0.0, float(given))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _unsupported(text: str, param: str | None, settings: Mapping[str, Any]) -> str | None:
    """Return the setting that a server says it does not take, None if it says no such thing."""
    if not _UNSUPPORTED.search(text.lower()):
        return None
    if param in settings:
        return param
    named = (name for name in settings if re.search(rf"\b{name}\b", text))
    return next(named, None)
