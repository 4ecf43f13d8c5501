"""What is published stays: a folder of bundles against an earlier commit."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.submission.bundle_folder import HEADER_FILE, shown
from arlarena_bench.submission.verifying import Verdict
from arlarena_bench.submission.withdrawals import (
    WITHDRAWN_FILE,
    Withdrawal,
    parse_withdrawals,
    read_withdrawals,
)


def bundle_folders(place: Path) -> list[Path]:
    """Return the bundles of a folder: itself, or those that lie in it, sorted.

    Raises:
        ArenaError: If there is no such folder.
    """
    if (place / HEADER_FILE).exists() or place.is_symlink():
        return [place]
    if not place.is_dir():
        raise ArenaError(f"no folder {place}; `arlarena submit --out` writes one")
    return sorted(path for path in place.iterdir() if path.is_dir() or path.is_symlink())


def withdrawal_faults(place: Path, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield what is wrong with the list of withdrawals beside a folder of bundles."""
    path = place.parent / WITHDRAWN_FILE
    try:
        withdrawals = read_withdrawals(path)
    except ArenaError as error:
        yield f"{path}: {error}"
        return
    known = {verdict.id: verdict.place for verdict in verdicts}
    for verdict in verdicts:
        if verdict.id and known[verdict.id] != verdict.place:
            yield f"{verdict.place} and {known[verdict.id]} are the same bundle"
    seen: set[str] = set()
    for each in withdrawals:
        for bundle in filter(None, (each.id, each.superseded_by)):
            if bundle not in known:
                yield f"{path}: there is no bundle {bundle[:12]}"
        if each.id in seen:
            yield f"{path}: {each.id[:12]} is withdrawn twice"
        seen.add(each.id)


def changed_since(place: Path, base: str) -> set[str]:
    """Return the names of the bundles in a folder that are new or have changed since a commit.

    Args:
        place: In a git checkout; what is not committed counts.
        base: The commit.

    Raises:
        ArenaError: If git does not know the commit, or is not there.
    """
    folder = place.resolve()
    commit = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}")
    names = _git(
        folder, "diff", "--name-only", "--no-renames", "--relative", "-z",
        commit.decode().strip(), "--", ".",
    ) + _git(folder, "ls-files", "--others", "--exclude-standard", "-z")  # fmt: skip
    paths = names.decode("utf-8", "surrogateescape").split("\0")
    return {path.partition("/")[0] for path in paths if "/" in path}


def changes_since(place: Path, base: str) -> Iterator[str]:
    """Yield what of a folder of bundles has vanished or was changed since a commit.

    Args:
        place: In a git checkout; new files are no change.
        base: The commit.

    Raises:
        ArenaError: If git does not know the commit, or is not there.
    """
    folder = place.resolve()
    commit = f"{base}^{{commit}}"
    base_id = _git(folder, "rev-parse", "--verify", "--end-of-options", commit).decode().strip()
    changed = _git(
        folder, "diff", "--name-status", "--no-renames", "--diff-filter=a", "-z", base_id, "--", "."
    )
    words = changed.decode("utf-8", "surrogateescape").split("\0")
    for status, name in zip(words[::2], words[1::2], strict=False):
        done = "vanished" if status == "D" else "was changed"
        yield f"{shown(name)}: {done} since {base}; what is published stays as it is"
    yield from _withdrawal_changes(folder.parent / WITHDRAWN_FILE, base, base_id)


def withdrawn_since(place: Path, base: str) -> list[Withdrawal]:
    """Return what has been withdrawn of a folder of bundles since a commit; errors as above."""
    path = place.resolve().parent / WITHDRAWN_FILE
    before = _withdrawn_at(path, base)
    return [each for each in read_withdrawals(path) if each not in before]


def _withdrawn_at(path: Path, commit: str) -> tuple[Withdrawal, ...]:
    if not _git(path.parent, "ls-tree", "--name-only", commit, "--", f"./{path.name}"):
        return ()
    return parse_withdrawals(_git(path.parent, "show", f"{commit}:./{path.name}"))


def _withdrawal_changes(path: Path, base: str, base_id: str) -> Iterator[str]:
    before = _withdrawn_at(path, base_id)
    try:
        now = read_withdrawals(path)
    except ArenaError:
        return  # said of the file itself
    for each in before:
        if each not in now:
            yield f"{path.name}: the entry of {each.id[:12]} vanished or was changed since {base}"


def _git(folder: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=True)
    except OSError as error:
        raise ArenaError(f"git cannot be run: {error.strerror}; --base needs it") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if said else "no such commit"
        raise ArenaError(f"git cannot compare {folder} with the base: {why}") from None
    return done.stdout
