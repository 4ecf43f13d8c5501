"""Files of tasks that ship with the package: made once, hashed, and made again to be compared.

A file named `*.gz` is stored compressed. Its content is what is read and compared, as compressors
differ between machines.
"""

import argparse
import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole

CHECKSUMS = "SHA256SUMS"
"""Name of the file, in the same folder, of lines `<SHA-256>  <name>`."""


def read_frozen(path: Path) -> bytes:
    """Return the content of a frozen file, checked against the SHA-256 that stands beside it.

    Raises:
        ArenaError: If either cannot be read, or they disagree.
    """
    try:
        content = path.read_bytes()
        lines = path.with_name(CHECKSUMS).read_text().splitlines()
        sums = {name: checksum for checksum, name in map(str.split, lines)}
    except (OSError, ValueError) as error:
        raise ArenaError(f"cannot read {path}: {error}; reinstall the package") from error
    if hashlib.sha256(content).hexdigest() != sums.get(path.name):
        raise ArenaError(f"{path} is not the file of {CHECKSUMS}; reinstall the package")
    return gzip.decompress(content) if path.suffix == ".gz" else content


def frozen_command(
    module: str, description: str | None, folder: Path, files: Mapping[str, bytes]
) -> None:
    """Compare files as made now with those that ship, or write them with `--write`; then exit.

    Args:
        module: What was started with `python -m`.
        description: What it says of itself.
        folder: Where the files are.
        files: Content by name, without the checksums.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--write", action="store_true", help="replace the files")
    write = parser.parse_args().write
    if write:
        stored = {name: _stored(name, content) for name, content in files.items()}
        for name, data in {**stored, CHECKSUMS: _checksums(stored).encode()}.items():
            write_whole(folder / name, data)
    differing = changed(folder, files)
    print(f"differs: {', '.join(differing)}" if differing else f"{len(files)} files are as made")
    raise SystemExit(bool(differing))


def changed(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Return the names of the files in a folder that are missing, changed, or not as made."""
    names = []
    for name, content in files.items():
        try:
            same = read_frozen(folder / name) == content
        except ArenaError:
            same = False
        if not same:
            names.append(name)
    return names


def _stored(name: str, content: bytes) -> bytes:
    return gzip.compress(content, mtime=0) if name.endswith(".gz") else content


def _checksums(files: Mapping[str, bytes]) -> str:
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
