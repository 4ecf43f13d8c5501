"""A result as a file: zstd over lines of JSON, the same bytes for the same result.

The first line is the result without the turns of its episodes, which is all that tables need; each
further line holds the turns of one episode, in the order of decoders by name, then of episodes.
"""

import io
import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import zstandard
from pydantic import ValidationError

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.record.episodes import EpisodeRecord, TurnsRecord
from arlarena_bench.record.part import Count, RecordPart, first_line
from arlarena_bench.record.result import Result

RESULT_FILE = "result.jsonl.zst"
BUNDLE_FILE = "bundle.json"
"""What makes a folder of results a bundle, which is a submission."""
LEVEL = 12  # a third smaller than the default, still faster than the episodes were played
LONGEST_LINE = 1 << 28  # bytes; keeps a small file from filling the memory


class TurnsLine(RecordPart):
    """One line below the first: whose turns, and these."""

    decoder: str
    task_id: str
    attempt: Count
    turns: TurnsRecord


def write_result(path: Path, result: Result) -> None:
    """Write a result, whole.

    Raises:
        ArenaError: If it cannot be written.
    """
    text = "".join(line + "\n" for line in _lines(result))
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    write_whole(path, compressor.compress(text.encode()))


def read_result(path: Path, turns: bool = True) -> Result:
    """Read a result.

    Args:
        path: Its file.
        turns: Whether to read the turns of its episodes, too.

    Raises:
        ArenaError: If it cannot be read, is no result, or of another schema; one line.
    """
    return parse_result(_decompressed(path), str(path), turns)


def parse_result(lines: Iterator[bytes], where: str, turns: bool = True) -> Result:
    """Return the result whose file has these lines.

    Args:
        lines: Of the file, decompressed.
        where: Named in errors.
        turns: Whether to read the turns of its episodes, too.

    Raises:
        ArenaError: As `read_result`.
    """
    try:
        result = Result.model_validate_json(next(lines, b""))
        if not turns:
            return result
        return result._with_episodes(dict(_with_turns(result, lines, where)))
    except ValidationError as error:
        raise ArenaError(f"{where} is not a result: {first_line(error)}") from None


def _lines(result: Result) -> Iterator[str]:
    """Yield the lines of a result's file, without their ends."""
    yield _compact(result.without_turns().model_dump(mode="json"))
    for name, episode in _in_order(result):
        if episode.turns is not None:
            line = TurnsLine(
                decoder=name,
                task_id=episode.task_id,
                attempt=episode.attempt,
                turns=episode.turns,
            )
            yield _compact(line.model_dump(mode="json"))


def _in_order(result: Result) -> Iterator[tuple[str, EpisodeRecord]]:
    for name in sorted(result.scores):
        for episode in result.scores[name].episodes:
            yield name, episode


def _with_turns(
    result: Result, lines: Iterator[bytes], where: str
) -> Iterator[tuple[str, list[EpisodeRecord]]]:
    records = [TurnsLine.model_validate_json(line) for line in lines]
    found = [(record.decoder, record.task_id, record.attempt) for record in records]
    expected = [(name, e.task_id, e.attempt) for name, e in _in_order(result)]
    if found and found != expected:
        pairs = enumerate(zip_longest(found, expected))
        number = next(i for i, (ours, theirs) in pairs if ours != theirs)
        raise ArenaError(f"{where}: line {number + 2} does not hold the turns of its episode")
    if not found and not result.lacks:
        raise ArenaError(f"{where} holds no turns of its episodes")
    turns = iter(records)
    for name in sorted(result.scores):
        episodes = result.scores[name].episodes
        yield (
            name,
            [
                episode.model_copy(update={"turns": next(turns).turns}) if found else episode
                for episode in episodes
            ],
        )


def _decompressed(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            reader = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file))
            while line := reader.readline(LONGEST_LINE):
                if not line.endswith(b"\n"):
                    raise ArenaError(f"{path} is damaged: a line has no end")
                yield line
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}") from None
    except zstandard.ZstdError as error:
        raise ArenaError(f"{path} is damaged: {error}") from None


def _compact(data: Any) -> str:
    return json.dumps(
        data, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
