"""Frozen lists of tasks."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from arlarena_bench.errors import ArenaError


@dataclass(frozen=True, slots=True)
class Panel:
    """A frozen, hashed list of tasks.

    Attributes:
        name: Unique name, for example `"sokoban-6x6-1box/test"`.
        split: `"train"`, `"validation"` or `"test"`.
        task_ids: What `TextEnv.reset(options={"task_id": ...})` accepts, in a fixed order.
        digest: SHA-256 of the tasks' contents (not of their ids).
    """

    name: str
    split: str
    task_ids: tuple[str, ...]
    digest: str

    def first(self, count: int) -> tuple[str, ...]:
        """Return the first `count` task ids.

        Raises:
            ArenaError: If the panel has fewer tasks.
        """
        if not 0 < count <= len(self.task_ids):
            raise ArenaError(
                f"panel {self.name} has {len(self.task_ids)} tasks, asked for {count}; "
                f"choose 1 to {len(self.task_ids)}"
            )
        return self.task_ids[:count]


def read_frozen(path: Path, checksums: str) -> str:
    """Return the text of a panel's file, checked against the SHA-256 that stands beside it.

    Args:
        path: The file.
        checksums: Name of the file, in the same folder, of lines `<SHA-256>  <name>`.

    Raises:
        ArenaError: If either cannot be read, or they disagree.
    """
    try:
        content = path.read_bytes()
        lines = path.with_name(checksums).read_text().splitlines()
        sums = {name: checksum for checksum, name in map(str.split, lines)}
    except (OSError, ValueError) as error:
        raise ArenaError(f"cannot read the panel {path}: {error}; reinstall the package") from error
    if hashlib.sha256(content).hexdigest() != sums.get(path.name):
        raise ArenaError(f"the panel {path} is not the file of {checksums}; reinstall the package")
    return content.decode()
