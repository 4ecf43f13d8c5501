"""Demonstrations as chats in files, which any library for fine-tuning reads."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.policy.player import Player
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream, python_stream
from arlarena_bench.training.rollout import Arena

KEEP = ("success", "all")
# So many episodes are played side by side.
AT_ONCE = 64

Chat = dict[str, Any]


def play_demonstrations(
    player: Player, recipe: Recipe, tasks: int, attempts: int, seed: int
) -> Iterator[list[Episode]]:
    """Play training tasks, none of which is held out, some at a time.

    Args:
        player: Who plays.
        recipe: Its environment and protocol are read.
        tasks: How many are drawn.
        attempts: Episodes a task.
        seed: Of tasks and replies.
    """
    arena = Arena(recipe)
    drawn = python_stream(seed, "demonstrated tasks")
    replies = Stream.of(seed, "demonstrations")
    numbers = [number for number in range(tasks) for _ in range(attempts)]
    names = [arena.game.sample_task(drawn) for _ in range(tasks)]
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        streams = [replies.sub(n, (first + i) % attempts) for i, n in enumerate(some)]
        yield arena.play(player, [names[number] for number in some], some, streams)


def chats_of(episode: Episode, source: str, environment: str) -> Iterator[Chat]:
    """Yield what an episode shows: a chat a turn, or the whole where it is one conversation.

    Args:
        episode: Its own.
        source: Who played, for the record.
        environment: Its id, for the record.
    """
    known = {
        "environment": environment,
        "source": source,
        "task_id": episode.task_id,
        "success": episode.success,
        "score": episode.score,
    }
    if not episode.transcript:
        for number, turn in enumerate(episode.turns):
            said = [("user", turn.prompt), ("assistant", turn.generation.text)]
            yield {"messages": _messages(said), "turn": number, **known}
        return
    told, said = "", []
    for turn in episode.turns:
        said += [("user", turn.prompt.removeprefix(told)), ("assistant", turn.generation.text)]
        told = turn.prompt + turn.generation.text
    yield {"messages": _messages(said), "turn": None, **known}


def _messages(said: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in said]


def write_chats(path: Path, chats: Sequence[Chat]) -> None:
    """Write chats as JSON lines, or as Parquet where the file is called so.

    Raises:
        ArenaError: If the file cannot be written, or Parquet needs a package.
    """
    if path.suffix != ".parquet":
        lines = (json.dumps(chat, ensure_ascii=False) + "\n" for chat in chats)
        write_whole(path, "".join(lines))
        return
    pyarrow, parquet = _pyarrow(path)
    buffer = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(list(chats)), buffer)
    write_whole(path, buffer.getvalue().to_pybytes())


def read_chats(path: Path) -> list[list[dict[str, str]]]:
    """Return the messages of each chat of a file, which user and assistant write in turn.

    Raises:
        ArenaError: If the file cannot be read, or a line of it is no such chat.
    """
    try:
        if path.suffix == ".parquet":
            _, parquet = _pyarrow(path)
            rows = parquet.read_table(path).to_pylist()
        else:
            text = path.read_text(encoding="utf-8")
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise ArenaError(f"{path} is no file of JSON lines: {error}") from None
    if not rows:
        raise ArenaError(f"{path} holds no chats")
    return [_checked(row, f"{path}, chat {number}") for number, row in enumerate(rows, start=1)]


def _checked(row: Any, where: str) -> list[dict[str, str]]:
    messages = row.get("messages") if isinstance(row, dict) else None
    if not isinstance(messages, list) or not messages or len(messages) % 2:
        raise ArenaError(f"{where}: expected messages of user and assistant in turn")
    for number, message in enumerate(messages):
        role = ("user", "assistant")[number % 2]
        found = message.get("role") if isinstance(message, dict) else None
        if found != role or not isinstance(message.get("content"), str):
            hint = "; a system message is protocol.chat.system" if found == "system" else ""
            raise ArenaError(f"{where}: message {number + 1} is not the text of {role}{hint}")
    return messages


def _pyarrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ArenaError(
            f"{path} needs pyarrow: `pip install 'arlarena-bench[parquet]'`, or name it .jsonl"
        ) from None
    return pyarrow, parquet
