"""Writing a site into a folder, and showing it on this machine."""

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.site.building import Site

MANIFEST = "site-files.json"
LOOPBACK = "127.0.0.1"


def check_out(out: Path) -> None:
    """Refuse a folder that holds something else.

    Raises:
        ArenaError: If it is no folder, or neither empty nor a site.
    """
    if out.exists() and not out.is_dir():
        raise ArenaError(f"--out {out} is no folder; choose another")
    try:
        if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
            raise ArenaError(f"--out {out} holds something that is no site; choose an empty folder")
    except OSError as error:
        raise ArenaError(f"cannot read {out}: {error.strerror}") from None


def write_site(site: Site, out: Path) -> None:
    """Write a site; what an earlier one left and this one does not have is removed.

    Raises:
        ArenaError: As `check_out`, or if a file cannot be written.
    """
    check_out(out)
    before = _listed(out / MANIFEST)
    # First, so that a site that was half written is known as one.
    names = sorted(site.files)
    write_whole(out / MANIFEST, json.dumps(sorted({*names, *before}), indent=0) + "\n")
    for name in names:
        write_whole(out / name, site.files[name])
    for name in sorted(before - set(names)):
        try:
            (out / name).unlink(missing_ok=True)
        except OSError as error:
            raise ArenaError(f"cannot remove {out / name}: {error.strerror}") from None
    write_whole(out / MANIFEST, json.dumps(names, indent=0) + "\n")


def _listed(manifest: Path) -> set[str]:
    """Return the files of an earlier site; only names that lead nowhere else."""
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(told, list):
        return set()
    names = {name for name in told if isinstance(name, str)}
    return {name for name in names if _is_below(PurePosixPath(name))}


def _is_below(name: PurePosixPath) -> bool:
    return not name.is_absolute() and ".." not in name.parts and name.suffix in _SUFFIXES


_SUFFIXES = {".html", ".css", ".js", ".svg", ""}


def server_of(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of a folder that only this machine reaches.

    Args:
        folder: The site.
        port: Where; 0 for any that is free.

    Raises:
        ArenaError: If the port cannot be had.
    """
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    try:
        return ThreadingHTTPServer((LOOPBACK, port), handler)
    except OSError as error:
        raise ArenaError(f"port {port} cannot be had: {error.strerror}; --port N") from None
