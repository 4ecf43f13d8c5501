"""The folder of a bundle: what may lie in it, read without following anything out of it."""

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import BUNDLE_FILE
from arlarena_bench.submission.rules import MEGABYTE, Limits
from arlarena_bench.submission.strict_json import RejectedError

HEADER_FILE = BUNDLE_FILE
README_FILE = "README.md"
TUNING_FILE = "tuning.json"
RUNS, METHODS, MODEL = "runs", "method", "model"

_FOLDER = r"[A-Za-z0-9_][A-Za-z0-9_.+@-]*"
_FILE = r"[A-Za-z0-9_][A-Za-z0-9_.+-]*"
_ALLOWED = re.compile(
    rf"{re.escape(HEADER_FILE)}|{re.escape(README_FILE)}|{re.escape(TUNING_FILE)}"
    rf"|{RUNS}/{_FOLDER}/seed-[0-9]+/result\.jsonl\.zst"
    rf"|{RUNS}/{_FOLDER}/seed-[0-9]+/{MODEL}/{_FILE}\.(?:json|safetensors)"
    rf"|{METHODS}/{_FOLDER}/(?:{_FILE}/)*{_FILE}\.py",
    re.ASCII,
)


class BundleFolder:
    """The files of a bundle.

    Args:
        place: The folder.
        limits: How many and how large they may be.

    Attributes:
        place: The folder.
        sizes: Bytes of each file, by its name below the folder, sorted.

    Raises:
        ArenaError: If there is no such folder, or it cannot be listed.
        RejectedError: If something lies in it that has no place in a bundle.
    """

    def __init__(self, place: Path, limits: Limits) -> None:
        self.place = place
        self._limits = limits
        if place.is_symlink():
            raise RejectedError(f"{place} is a link; give the folder itself")
        if not place.is_dir():
            raise ArenaError(f"no folder {place}; `arlarena submit --out` writes one")
        self.sizes: dict[str, int] = {}
        for name, size in _listed(place):
            self.sizes[name] = size
            if len(self.sizes) > limits.files:
                raise RejectedError(f"more than {limits.files} files")
            if size > limits.file_mb * MEGABYTE:
                raise RejectedError(f"{name}: {size} bytes, more than {limits.file_mb} MiB")
        self.sizes = dict(sorted(self.sizes.items()))
        if sum(self.sizes.values()) > limits.bundle_mb * MEGABYTE:
            raise RejectedError(f"the bundle is larger than {limits.bundle_mb} MiB")
        _check_names(self.sizes)

    def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises:
            ArenaError: If it cannot be read.
            RejectedError: If it has become a link or larger meanwhile.
        """
        try:
            handle = os.open(self.place / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as file:
                content = file.read(self.sizes[name] + 1)
        except OSError as error:
            raise ArenaError(f"cannot read {self.place / name}: {error.strerror}") from None
        if len(content) > self.sizes[name]:
            raise RejectedError(f"{name}: grew while it was read")
        return content

    def sha256(self, name: str) -> str:
        """Return the SHA-256 of a file; errors as of `read`."""
        return hashlib.sha256(self.read(name)).hexdigest()


def _listed(place: Path) -> Iterator[tuple[str, int]]:
    """Yield name and bytes of every file; whatever is neither file nor folder is refused."""
    waiting = [place]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise ArenaError(f"cannot read {folder}: {error.strerror}") from None
        if not entries and folder != place:
            raise RejectedError(
                f"{shown(folder.relative_to(place).as_posix())}: is an empty folder"
            )
        for entry in entries:
            name = Path(entry.path).relative_to(place).as_posix()
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                raise RejectedError(f"{shown(name)}: is a link")
            if stat.S_ISDIR(status.st_mode):
                waiting.append(Path(entry.path))
            elif stat.S_ISREG(status.st_mode):
                yield name, status.st_size
            else:
                raise RejectedError(f"{shown(name)}: is neither a file nor a folder")


def _check_names(names: dict[str, int]) -> None:
    first: dict[str, str] = {}
    for name in names:
        folded = unicodedata.normalize("NFKC", name).casefold()
        other = first.setdefault(folded, name)
        if other != name:
            raise RejectedError(
                f"{shown(other)} and {shown(name)} are one name where case is ignored"
            )
    for name in names:
        check_name(name)


def check_name(name: str) -> None:
    """Refuse a name that no file of a bundle has, one that leads out of the folder included.

    Raises:
        RejectedError: If it is one.
    """
    if not _ALLOWED.fullmatch(name) or ".." in name.split("/"):
        raise RejectedError(f"{shown(name)}: has no place in a bundle")


def shown(name: str, most: int = 120) -> str:
    """Return a stranger's word so that it stays one line and does nothing to a terminal."""
    text = name.encode("utf-8", "backslashreplace").decode()
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
