"""ALFWorld's own games, as `alfworld-download` leaves them on disk."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.task_set import TaskSet

from .game_file import GAME_FILE
from .goals import TASKS

FOLDERS = {"train": "train", "validation": "valid_seen", "test": "valid_unseen"}
# Where the download puts the splits; the games in them are of version 2.1.3.
SUBFOLDER = "json_2.1.1"
GAMES_VERSION = "json_2.1.3_tw-pddl"
# Beside every game, and also where a game is missing.
TRAJECTORY = "traj_data.json"
DOWNLOAD = "`pip install alfworld` and run `alfworld-download`"
# As the original leaves them out: its text engine cannot play them.
_LEFT_OUT = ("movable", "Sliced")


class OfficialGames(TaskSet):
    """The games of one folder.

    Args:
        path: The folder of the download (`$ALFWORLD_DATA`), or the one in it that holds the
            splits. Environment variables and `~` are expanded.

    Raises:
        ArenaError: If there is no split in it.
    """

    def __init__(self, path: str | Path) -> None:
        expanded = os.path.expanduser(os.path.expandvars(path))
        if "$" in expanded:
            raise ArenaError(f"data={str(path)!r}: this environment variable is not set")
        root = Path(expanded)
        candidates = [root / SUBFOLDER, root]
        self.path = next((p for p in candidates if _splits(p)), candidates[0])
        found = _splits(self.path)
        if not found:
            raise ArenaError(
                f"no ALFWorld data at {root}: expected {SUBFOLDER}/{FOLDERS['test']} below it; "
                f"{DOWNLOAD}, or leave out data="
            )
        super().__init__("alfworld-official", found)

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of each playable game of a split, in the order of their paths.

        Raises:
            ArenaError: If there is none.
        """
        return {f"{split}/{name}": digest for name, digest in self._games(split).items()}

    def is_held_out(self, task_id: str) -> bool:
        """Return whether a game is not of the training split; no file is read."""
        return not task_id.startswith("train/")

    def file(self, task_id: str) -> Path:
        """Return the game file of a task.

        Raises:
            ArenaError: If there is no such task.
        """
        split, _, name = task_id.partition("/")
        if split not in FOLDERS or name not in self._games(split):
            raise ArenaError(
                f"no task {task_id!r} in {self.path}; one is <split>/<task>/<trial>, with a split "
                f"of {', '.join(FOLDERS)}"
            )
        return self.path / FOLDERS[split] / name / GAME_FILE

    def _games(self, split: str) -> Mapping[str, str]:
        if split not in FOLDERS:
            raise unknown("split", split, FOLDERS)
        return _playable(self.path / FOLDERS[split])


def _splits(path: Path) -> list[str]:
    return [split for split, folder in FOLDERS.items() if (path / folder).is_dir()]


@lru_cache(maxsize=16)
def _playable(folder: Path) -> Mapping[str, str]:
    """Return the name of every playable game below a folder, with the SHA-256 of its file."""
    found = dict(sorted(_solvable(folder)))
    if found:
        return MappingProxyType(found)
    if next(folder.rglob(TRAJECTORY), None):
        raise ArenaError(
            f"{folder} has {TRAJECTORY} files but no playable {GAME_FILE}: the games "
            f"({GAMES_VERSION}) are missing; {DOWNLOAD}"
        )
    raise ArenaError(f"no game ({GAME_FILE}) below {folder}; {DOWNLOAD}")


def _solvable(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob(GAME_FILE):
        name = path.parent.relative_to(folder).as_posix()
        task = name.split("-", maxsplit=1)[0]
        if task not in TASKS or any(word in name for word in _LEFT_OUT):
            continue
        content = path.read_bytes()
        try:
            game = json.loads(content)
        except ValueError as error:
            raise ArenaError(f"{path} is not a whole game file: {error}; {DOWNLOAD}") from error
        if not isinstance(game, dict) or "solvable" not in game:
            raise ArenaError(
                f"{path} has no 'solvable' key: it is not a game of {GAMES_VERSION}, the version "
                f"expected here; {DOWNLOAD}"
            )
        if game["solvable"]:
            yield name, hashlib.sha256(content).hexdigest()
