"""Every request to an endpoint and what came of it, in a file that a later command goes on from."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines, locked

LOG_FILE = "requests.jsonl"


class Exchange(BaseModel):
    """One request, which is a line.

    Attributes:
        key: Of what was asked: the content, the decoder and the stream, at this server.
        stream: The source of the reply's draws.
        base_url: Of the server.
        request: What was sent, without the key to the server; a failed one leaves out messages.
        reply: None where there was no usable one.
        error: Why not.
        model: Who answered, as the server says.
        prompt_tokens: As the server counts them; None if it does not.
        reply_tokens: Likewise.
        finish_reason: Why the reply ended, as the server says.
        refused: Settings that were not sent, because the server does not take them.
        left_out: Those among them that would have changed what is asked for.
        seconds: That the request took.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    key: str
    stream: str
    base_url: str
    request: dict[str, Any]
    reply: str | None = None
    error: str | None = None
    model: str = ""
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    finish_reason: str | None = None
    refused: list[str] = []
    left_out: list[str] = []
    seconds: float = 0.0


class RequestLog:
    """The exchanges of a folder, held by this process alone; made by `RequestLog.open`.

    Attributes:
        path: Its file.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOG_FILE
        self._lines = JsonLines(self.path)
        self._lines.drop_torn_line()
        self._lock = Lock()
        self._by_key: dict[str, list[Exchange]] = {}
        for number, line in enumerate(self._lines, start=1):
            try:
                self._index(Exchange.model_validate(line))
            except ValidationError:
                raise ArenaError(
                    f"{self.path}, line {number}: no request to an endpoint; give another --out"
                ) from None

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator["RequestLog"]:
        """Hold a folder's log; a process that dies lets go.

        Raises:
            ArenaError: If another process holds it, or it is damaged.
        """
        with locked(folder):
            yield cls(folder)

    def answer(self, key: str) -> Exchange | None:
        """Return the exchange that answered what has this key, None if none did."""
        with self._lock:
            found = self._by_key.get(key, ())
            return next((each for each in found if each.reply is not None), None)

    def of(self, keys: Iterable[str]) -> list[Exchange]:
        """Return every exchange about what has these keys, each of which stands once."""
        with self._lock:
            return [each for key in keys for each in self._by_key.get(key, ())]

    def __iter__(self) -> Iterator[Exchange]:
        """Yield every exchange."""
        with self._lock:
            found = list(self._by_key.values())
        return (each for exchanges in found for each in exchanges)

    def append(self, exchange: Exchange) -> None:
        """Add an exchange, and hand it to the operating system at once."""
        with self._lock:
            self._lines.append(exchange.model_dump())
            self._index(exchange)

    def _index(self, exchange: Exchange) -> None:
        # Messages are for people who read the file; a conversation repeats them every turn.
        kept = {name: value for name, value in exchange.request.items() if name != "messages"}
        light = exchange.model_copy(update={"request": kept})
        self._by_key.setdefault(exchange.key, []).append(light)
