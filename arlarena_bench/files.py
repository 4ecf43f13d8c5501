"""Files that survive an interruption: written whole, or appended a line at a time."""

import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from arlarena_bench.errors import ArenaError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is either absent, the old one, or complete.

    Raises:
        ArenaError: If it cannot be written, for example on a full disk.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise ArenaError(f"cannot write {path}: {error.strerror}") from error


def write_json(path: Path, data: Any) -> None:
    """Write JSON with sorted keys, whole."""
    write_whole(path, json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def cache_folder() -> Path:
    """Return where to keep what can be made again: `$ARLARENA_CACHE`, or the user's own cache."""
    if chosen := os.environ.get("ARLARENA_CACHE"):
        return Path(chosen)
    return user_cache_path("arlarena-bench", appauthor=False)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made if need be; a process that dies lets go.

    Raises:
        ArenaError: If another process holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise ArenaError(f"{folder} is being written by another process") from None
    except OSError as error:
        raise ArenaError(f"cannot write {folder}: {error.strerror}") from None
    try:
        yield
    finally:
        lock.release()


class JsonLines:
    """An append-only file of one JSON object a line.

    A process killed while it wrote leaves a last line without its end; that line is dropped
    when the file is opened again.

    Args:
        path: The file; created when the first line is appended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield every complete line.

        Raises:
            ArenaError: If a complete line is not a JSON object.
        """
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_bytes().split(b"\n")[:-1], start=1):
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if not isinstance(record, dict):
                raise ArenaError(f"{self.path}, line {number}: not a JSON object")
            yield record

    def drop_torn_line(self) -> None:
        """Cut off a last line that has no end."""
        if self.path.exists():
            data = self.path.read_bytes()
            complete = data.rfind(b"\n") + 1
            if complete < len(data):
                with self.path.open("r+b") as file:
                    file.truncate(complete)

    def keep(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Write the file anew, whole, with the lines that are wanted; none that is not there."""
        if self.path.exists():
            kept = [json.dumps(record, sort_keys=True) for record in self if wanted(record)]
            write_whole(self.path, "".join(f"{line}\n" for line in kept))

    def append(self, record: dict[str, Any]) -> None:
        """Append one line and hand it to the operating system at once.

        Raises:
            ArenaError: If it cannot be written, for example on a full disk.
        """
        line = (json.dumps(record, sort_keys=True) + "\n").encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                end = file.seek(0, os.SEEK_END)
                if file.write(line) < len(line):
                    file.truncate(end)  # the next line would go on where this one broke off
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise ArenaError(f"cannot write {self.path}: {error.strerror}") from error
