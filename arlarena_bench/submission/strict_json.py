"""JSON and zstd from strangers: read so that nothing has two meanings and nothing fills memory."""

import io
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import zstandard

from arlarena_bench.errors import ArenaError

_BOM = b"\xef\xbb\xbf"
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[][{}]', re.DOTALL)
_WINDOW = 1 << 27  # bytes; the largest that a decoder has to know


class RejectedError(ArenaError):
    """A bundle is not what it says, or not what the rules ask for."""


def parse_json(content: bytes, where: str, depth: int) -> Any:
    """Return strict JSON as data.

    Args:
        content: UTF-8 without a mark; no key twice in an object, no NaN or infinity.
        where: Named in errors.
        depth: Most objects and lists in each other.

    Raises:
        RejectedError: If it is not that.
    """
    if content.startswith(_BOM):
        raise RejectedError(f"{where}: begins with a byte order mark; write plain UTF-8")
    _check_depth(content, where, depth)
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_without_twins,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise RejectedError(f"{where}: is not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise RejectedError(f"{where}: is not JSON: {error}") from None


def _check_depth(content: bytes, where: str, most: int) -> None:
    depth = 0
    for match in _BRACKETS.finditer(content):
        mark = match.group()
        if mark in (b"[", b"{"):
            depth += 1
            if depth > most:
                raise RejectedError(f"{where}: is nested more than {most} deep")
        elif mark in (b"]", b"}"):
            depth -= 1


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twin!r} stands twice in an object")
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def strict_lines(content: bytes, where: str, most: int, depth: int) -> Iterator[bytes]:
    """Yield the lines of a compressed file of JSON lines, each of which is strict JSON.

    Args:
        content: One zstd frame, and nothing behind it.
        where: Named in errors.
        most: Bytes that it may be, decompressed.
        depth: Most objects and lists in each other.

    Raises:
        RejectedError: If it is not that.
    """
    reader = io.BufferedReader(_OneFrame(content, most))
    number = 0
    try:
        while line := reader.readline():
            number += 1
            if not line.endswith(b"\n"):
                raise RejectedError(f"{where}: line {number} has no end")
            parse_json(line, f"{where}, line {number}", depth)
            yield line
    except _NoFrameError as error:
        raise RejectedError(f"{where}: {error}") from None


class _NoFrameError(Exception):
    """What is wrong with a compressed file."""


class _OneFrame(io.RawIOBase):
    """The content of the only zstd frame in some bytes, as it is decompressed.

    Raises:
        _NoFrameError: When it is damaged, followed by something, or larger than `most` bytes.
    """

    def __init__(self, content: bytes, most: int) -> None:
        self._source = memoryview(content)
        self._at = 0
        self._left = most
        self._most = most
        self._decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        self._ready = b""

    def readable(self) -> bool:
        """Return that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; return how many bytes it got, 0 at the end."""
        while not self._ready and not self._decoder.eof:
            self._feed()
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _feed(self) -> None:
        # A few bytes at a time: a block of them is at most 128 KiB, so that a bomb is seen early.
        part = self._source[self._at : self._at + 1024]
        if not part:
            raise _NoFrameError("the compressed data have no end")
        self._at += len(part)
        try:
            self._ready = self._decoder.decompress(bytes(part))
        except zstandard.ZstdError as error:
            raise _NoFrameError(f"is no zstd data: {error}") from None
        self._left -= len(self._ready)
        if self._left < 0:
            raise _NoFrameError(f"is more than {self._most} bytes when it is decompressed")
        if self._decoder.eof and (self._decoder.unused_data or self._at < len(self._source)):
            raise _NoFrameError("something stands behind the compressed data")
