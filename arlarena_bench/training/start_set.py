"""Sets of start policies that ship beside recipes: the same bytes on every machine.

A set is a folder of ordinary Hugging Face folders `0`, `1`, …, with weights in half precision, and
of `SHA256SUMS`, whose own SHA-256 names the set. It lies in `starts/` beside the recipes of any
installed package.
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save

from arlarena_bench import installed
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.frozen import CHECKSUMS

WEIGHTS = "model.safetensors"
# What a model folder needs to be read, of all that lies in one.
FILES = ("config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True, slots=True)
class StartSet:
    """A shipped set.

    Attributes:
        folder: Where it lies.
        digest: SHA-256 of its checksums.
        sums: SHA-256 of each file, by its name below `folder`.
    """

    folder: Path
    digest: str
    sums: Mapping[str, str]

    @property
    def count(self) -> int:
        """How many start policies there are."""
        return sum(name.endswith(f"/{WEIGHTS}") for name in self.sums)

    def number(self, seed: int) -> int:
        """Return which start a seed trains from: the one of its number, counted round."""
        return seed % self.count

    def weights_digest(self, number: int) -> str | None:
        """Return the SHA-256 of a start's weights, None where the set has none of that number."""
        return self.sums.get(f"{number}/{WEIGHTS}")

    def start(self, number: int) -> Path:
        """Return the folder of a start, whose files have been compared with the checksums.

        Raises:
            ArenaError: If one is missing or was changed.
        """
        folder = self.folder / str(number)
        for name in FILES:
            path = folder / name
            try:
                found = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise ArenaError(
                    f"cannot read {path}: {error.strerror}; reinstall the package"
                ) from None
            if found != self.sums.get(f"{number}/{name}"):
                raise ArenaError(f"{path} is not the file of {CHECKSUMS}; reinstall the package")
        return folder


def find_set(digest: str) -> StartSet:
    """Return the installed set whose checksums have this SHA-256.

    Raises:
        ArenaError: If none is installed.
    """
    found = {}
    recipes = [path for preset in installed.preset_files().values() for path in preset.values()]
    for folder in sorted({path.parent for path in recipes}):
        for path in sorted(folder.glob(f"starts/*/{CHECKSUMS}")):
            candidate = read_set(path.parent)
            found[candidate.digest] = candidate
    if digest not in found:
        known = ", ".join(f"{s.folder.name} {d[:12]}" for d, s in sorted(found.items())) or "none"
        raise ArenaError(
            f"no installed set of starts has the SHA-256 {digest[:12]}… of start.frozen "
            f"(installed: {known}); install the release that has it, or clone a start here with "
            "start.frozen=null"
        )
    return found[digest]


def read_set(folder: Path) -> StartSet:
    """Read a set's checksums; its files are compared when they are used.

    Raises:
        ArenaError: If the checksums cannot be read.
    """
    path = folder / CHECKSUMS
    try:
        content = path.read_bytes()
        lines = content.decode().splitlines()
        sums = {name: checksum for checksum, name in map(str.split, lines)}
    except (OSError, ValueError) as error:
        raise ArenaError(f"cannot read {path}: {error}; reinstall the package") from None
    return StartSet(folder, hashlib.sha256(content).hexdigest(), sums)


def half_precision(start: Path) -> bytes:
    """Return the weights of a model folder as a safetensors file of 16-bit floats."""
    weights = load_file(start / WEIGHTS)
    return save({name: weights[name].to(torch.float16) for name in weights}, {"format": "pt"})


def add_start(folder: Path, number: int, start: Path) -> None:
    """Write a cloned start into a set, and the set's checksums anew."""
    place = folder / str(number)
    place.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if name != WEIGHTS:
            shutil.copyfile(start / name, place / name)
    write_whole(place / WEIGHTS, half_precision(start))
    files = sorted(path for path in folder.glob("*/*") if path.name in FILES)
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    )
    write_whole(folder / CHECKSUMS, "".join(lines))
