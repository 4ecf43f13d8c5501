"""Bundles for tests: made by real runs, and forged as somebody would who knows the format."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

from arlarena_bench import installed
from arlarena_bench.errors import ArenaError
from arlarena_bench.record import RESULT_FILE, Result, read_result, write_result
from arlarena_bench.submission.header import Submitter, header_id
from arlarena_bench.submission.packing import submit, write_header
from arlarena_bench.submission.rules import newest_rules
from arlarena_bench.submission.verifying import Checks, Verdict, verify

WHO = Submitter(name="A. Nother", affiliation="Nowhere")
# A preset of seconds, from the starts that ship.
RECIPE = """\
extends: {nano}
name: tiny
train: {{iterations: 2, groups: 2, group_size: 4, checkpoint_every: 2}}
evaluation: {{every: 2, validation_tasks: 4, test_tasks: 5}}
controls: {{}}
"""
# Of the list of withdrawals.
ENTRY = """\
- id: {id}
  date: 2026-11-26
  by: A. Nother
  reason: The wrong recipe.
"""
NANO = installed.preset_files()["nano"]["sokoban"]


def make(runs: list[Path], out: Path) -> Path:
    """A verified bundle of runs."""
    submit(runs, out, WHO, newest_rules("methods"))
    return out


def git(folder: Path, *words: str) -> None:
    """Run git as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def copied(bundle: Path, folder: Path) -> Path:
    """A bundle to be damaged."""
    return Path(shutil.copytree(bundle, folder / "bundle"))


def fault_of(bundle: Path, checks: Checks = Checks()) -> str:  # noqa: B008
    """The line that a bundle is rejected with."""
    verdict: Verdict = verify(bundle, checks)
    assert verdict.fault is not None
    assert "\n" not in verdict.fault
    return verdict.fault


def forge(bundle: Path, run: str, change: Callable[[Result], Result]) -> None:
    """Change a result, and all that follows from it: header, ids and hashes agree again.

    Where no header can be made of it, the hashes of files alone agree.
    """
    path = bundle / run / RESULT_FILE
    write_result(path, change(read_result(path)))
    try:
        sign(bundle)
    except ArenaError:
        seal(bundle)


def sign(bundle: Path, track: str = "methods") -> None:
    """Write the header of the results that lie there."""
    paths = sorted(bundle.glob(f"runs/*/*/{RESULT_FILE}"))
    results = {path.parent.relative_to(bundle).as_posix(): read_result(path) for path in paths}
    write_header(bundle, results, WHO, newest_rules(track))


def seal(bundle: Path, change: Callable[[dict[str, Any]], Any] = lambda header: None) -> None:
    """Change the header, and let the hashes of files and its id agree again."""
    path = bundle / "bundle.json"
    header = json.loads(path.read_text())
    for name in header["files"]:
        if (bundle / name).is_file():
            header["files"][name] = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    change(header)
    header["id"] = header_id(header)
    path.write_text(json.dumps(header))


def lines_of(path: Path) -> list[bytes]:
    """The lines of a result's file."""
    return zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()).splitlines()


def write_lines(path: Path, lines: list[bytes]) -> None:
    """Write a result's file of any lines."""
    path.write_bytes(zstandard.ZstdCompressor().compress(b"".join(line + b"\n" for line in lines)))


def with_episodes(result: Result, change: Callable[[list[Any]], list[Any]]) -> Result:
    """The result with other episodes under its headline."""
    score = result.main
    changed = score.model_copy(update={"episodes": tuple(change(list(score.episodes)))})
    return result.model_copy(update={"scores": {**result.scores, result.headline: changed}})


def with_turns(result: Result, number: int, **entries: Callable[[list[Any]], list[Any]]) -> Result:
    """The result with changed turns of one episode under its headline."""

    def change(episodes: list[Any]) -> list[Any]:
        turns = episodes[number].turns
        changed = {name: tuple(edit(list(getattr(turns, name)))) for name, edit in entries.items()}
        episodes[number] = episodes[number].model_copy(
            update={"turns": turns.model_copy(update=changed)}
        )
        return episodes

    return with_episodes(result, change)
