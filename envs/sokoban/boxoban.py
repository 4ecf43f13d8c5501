"""Levels on disk in the text format of DeepMind's Boxoban data set."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from random import Random

from arlarena_bench.errors import ArenaError
from arlarena_bench.task_set import TaskSet, sha256

from .board import Board
from .solver import solve

_SYMBOLS = dict(zip("# .$*@+", "#_OX√PS", strict=True))
_FOLDERS = {"train": "train", "validation": "valid", "test": "test"}


# Enough for most levels of the data set; whether a harder one has a solution is left open.
_POSITIONS = 5_000


class Boxoban(TaskSet):
    """The levels of one file, or of every `.txt` file below a folder.

    A level is a line `; <number>` and the rows below it; its task is `boxoban/<file>/<number>`. A
    file is read when a level of it is asked for. A folder laid out as the data set is (`train/`,
    `valid/`, `test/`, at any depth) keeps these splits; any other file is for training.

    Args:
        path: The file or folder.

    Raises:
        ArenaError: If there is no such file or folder, or no level file in it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_file():
            self.files = {self.path.name: self.path}
        else:
            found = {p.relative_to(self.path).as_posix(): p for p in self.path.rglob("*.txt")}
            self.files = dict(sorted(found.items()))
        if not self.files:
            raise ArenaError(f"no Boxoban level file (*.txt) at {self.path}; check levels=")
        found_splits = {_split_of(file) for file in self.files}
        super().__init__(f"boxoban-{self.path.name}", sorted(found_splits))

    def board(self, task_id: str) -> Board:
        """Return the level of a task.

        Raises:
            ArenaError: If there is no such level, it is malformed, or it cannot be solved; says
                in which file and line.
        """
        source, _, name = task_id.partition("/")
        if source != "boxoban":
            raise ArenaError(f"no task {task_id!r}: with levels=, ids are boxoban/<file>/<n>")
        file, _, number = name.rpartition("/")
        if file not in self.files:
            raise ArenaError(f"no level {name!r}: there is no file {file!r} at {self.path}")
        levels = _read(self.files[file])
        if number not in levels:
            raise ArenaError(f"no level {name!r}: {self.files[file]} has no '; {number}'")
        line, text = levels[number]
        try:
            board = Board(text)
            if board.solved:
                raise ArenaError("the level is solved as it stands")
            if not _may_be_solved(text):
                raise ArenaError("no moves solve the level")
        except ArenaError as error:
            raise ArenaError(f"{self.files[file]}, level at line {line}: {error}") from error
        return board

    def draw(self, rng: Random) -> str:
        """Draw the task of a training level; of many files, only one is read.

        Raises:
            ArenaError: If no file is for training.
        """
        if "train" not in self.splits:
            raise ArenaError(
                f"no level file at {self.path} is for train; put them in a folder named "
                f"{_FOLDERS['train']}"
            )
        file = rng.choice(self._files_of("train"))
        return f"boxoban/{file}/{rng.choice(list(_read(self.files[file])))}"

    def is_held_out(self, task_id: str) -> bool:
        """Return whether a level's file is not for training; no file is read."""
        file = task_id.removeprefix("boxoban/").rpartition("/")[0]
        return _split_of(file) != "train"

    def digests(self, split: str) -> Mapping[str, str]:
        """Return the SHA-256 of every level of a split by its task, in the order of file names."""
        return {
            f"boxoban/{file}/{number}": sha256(text)
            for file in self._files_of(split)
            for number, (_, text) in _read(self.files[file]).items()
        }

    def _files_of(self, split: str) -> list[str]:
        return [file for file in self.files if _split_of(file) == split]


def _split_of(file: str) -> str:
    folders = PurePosixPath(file).parent.parts
    return next((split for split, folder in _FOLDERS.items() if folder in folders), "train")


@lru_cache(maxsize=4096)
def _may_be_solved(text: str) -> bool:
    try:
        return solve(Board(text), _POSITIONS) is not None
    except ArenaError:
        return True


@lru_cache(maxsize=64)
def _read(path: Path) -> dict[str, tuple[int, str]]:
    """Return by its number each level's header line and board."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ArenaError(f"cannot read the level file {path}: {error}") from error
    levels: dict[str, tuple[int, list[str]]] = {}
    rows: list[str] | None = None
    for at, line in enumerate(lines, start=1):
        number = line.removeprefix(";").strip()
        if line.startswith(";"):
            if not number.isdecimal() or number in levels:
                raise ArenaError(f"{path}, line {at}: {line!r} is not '; ' and a new number")
            rows = []
            levels[number] = at, rows
        elif line:
            if rows is None:
                raise ArenaError(f"{path}, line {at}: a level begins with '; <number>'")
            if stray := set(line) - _SYMBOLS.keys():
                raise ArenaError(
                    f"{path}, line {at}: unknown symbol {min(stray)!r}; use # @ + $ * . and space"
                )
            rows.append("".join(_SYMBOLS[symbol] for symbol in line))
    if not levels:
        raise ArenaError(f"{path} holds no level; one begins with '; <number>'")
    return {number: (at, "\n".join(rows)) for number, (at, rows) in levels.items()}
