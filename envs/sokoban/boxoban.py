"""Levels on disk in the text format of DeepMind's Boxoban data set."""

import hashlib
from functools import lru_cache
from pathlib import Path, PurePosixPath
from random import Random

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.panel import Panel

from .board import Board

_SYMBOLS = dict(zip("# .$*@+", "#_OX√PS", strict=True))
_FOLDERS = {"train": "train", "validation": "valid", "test": "test"}


class Boxoban:
    """The levels of one file, or of every `.txt` file below a folder.

    A level is a line `; <number>` and the rows below it; its name is `<file>/<number>`. A file is
    read when a level of it is asked for. A folder laid out as the data set is (`train/`,
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

    def board(self, name: str) -> Board:
        """Return the level called `<file>/<number>`.

        Raises:
            ArenaError: If there is no such level or it is malformed; says in which file and line.
        """
        file, _, number = name.rpartition("/")
        if file not in self.files:
            raise ArenaError(f"no level {name!r}: there is no file {file!r} at {self.path}")
        levels = _read(self.files[file])
        if number not in levels:
            raise ArenaError(f"no level {name!r}: {self.files[file]} has no '; {number}'")
        line, text = levels[number]
        try:
            return Board(text)
        except ArenaError as error:
            raise ArenaError(f"{self.files[file]}, level at line {line}: {error}") from error

    def draw(self, rng: Random) -> str:
        """Draw the task id of a training level.

        Raises:
            ArenaError: If no file is for training.
        """
        file = rng.choice(self._files_of("train"))
        return f"boxoban/{file}/{rng.choice(list(_read(self.files[file])))}"

    def panel(self, split: str) -> Panel:
        """Return every level of a split, in the order of file names.

        Raises:
            ArenaError: If no file is of that split.
        """
        names = [f"{f}/{n}" for f in self._files_of(split) for n in _read(self.files[f])]
        boards = "\n\n".join(str(self.board(name)) for name in names)
        return Panel(
            name=f"boxoban-{self.path.name}/{split}",
            split=split,
            task_ids=tuple(f"boxoban/{name}" for name in names),
            digest=hashlib.sha256(boards.encode()).hexdigest(),
        )

    def _files_of(self, split: str) -> list[str]:
        if split not in _FOLDERS:
            raise unknown("split", split, _FOLDERS)
        files = [file for file in self.files if _split_of(file) == split]
        if not files:
            raise ArenaError(
                f"no level file at {self.path} is for {split}; put them in a folder named "
                f"{_FOLDERS[split]}"
            )
        return files


def _split_of(file: str) -> str:
    folders = PurePosixPath(file).parent.parts
    return next((split for split, folder in _FOLDERS.items() if folder in folders), "train")


@lru_cache(maxsize=64)
def _read(path: Path) -> dict[str, tuple[int, str]]:
    """Return by its number each level's header line and board."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
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
