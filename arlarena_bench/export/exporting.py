"""From results to a folder in another format."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.export.croissant import dataset_files, episode_lines
from arlarena_bench.export.every_eval import record_files
from arlarena_bench.export.inspect_log import log_files
from arlarena_bench.export.sources import Exported, part_of_path, sources
from arlarena_bench.files import write_whole

Files = Iterator[tuple[str, str]]


def _each(files_of: Callable[[Exported, int], dict[str, str]]) -> Callable[[Path, int], Files]:
    """Return what writes the files of one run after the other, so that one is in memory."""

    def files(place: Path, time: int) -> Files:
        for source in sources(place):
            yield from files_of(source, time).items()

    return files


def _datasets(place: Path, time: int) -> Files:
    """Yield the files of each panel, in a folder of its own."""
    panels: dict[str, tuple[Exported, list[str]]] = {}
    for source in sources(place):
        result = source.result
        folder = part_of_path(f"{result.recipe.name}-{source.name}-{result.panel.split}")
        first, lines = panels.setdefault(folder, (source, []))
        if first.result.panel != result.panel:
            raise ArenaError(
                f"{first.policy} and {source.policy} played other tasks of {folder}; export them "
                "one by one"
            )
        lines += episode_lines(source)
    for folder, (source, lines) in sorted(panels.items()):
        for name, text in dataset_files(source, lines, time).items():
            yield f"{folder}/{name}", text


FORMATS: dict[str, Callable[[Path, int], Files]] = {
    "eee": _each(record_files),
    "inspect": _each(log_files),
    "croissant": _datasets,
}
"""What results are exported to."""


def export(place: Path, to: str, out: Path, time: int = 0) -> list[str]:
    """Write results in another format; the same bytes for the same results.

    Args:
        place: A bundle, a folder of results, or one result.
        to: One of `FORMATS`.
        out: The folder, which must not exist.
        time: Unix seconds that stand where a format wants a time; results have none.

    Returns:
        The names of the files below `out`, sorted.

    Raises:
        ArenaError: If something cannot be read, exported or written; nothing is left behind then.
    """
    if to not in FORMATS:
        raise unknown("format", to, FORMATS)
    if out.exists() or out.is_symlink():
        raise ArenaError(f"{out} exists; choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    except OSError as error:
        raise ArenaError(f"cannot write {out}: {error.strerror}") from None
    names: set[str] = set()
    try:
        for name, text in FORMATS[to](place, time):
            if name in names:
                raise ArenaError(f"two results would both be {name}; export them one by one")
            write_whole(temporary / name, text)
            names.add(name)
        temporary.chmod(0o755)
        temporary.rename(out)
    except OSError as error:
        raise ArenaError(f"cannot write {out}: {error.strerror}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return sorted(names)
