"""Reading a bundle's header, before anything else in it."""

from pathlib import Path

from pydantic import ValidationError

from arlarena_bench.errors import ArenaError
from arlarena_bench.record.part import first_line
from arlarena_bench.submission.bundle_folder import HEADER_FILE, BundleFolder, shown
from arlarena_bench.submission.header import BUNDLE_VERSION, Header, header_id
from arlarena_bench.submission.rules import Limits, load_rules, rules_names
from arlarena_bench.submission.strict_json import RejectedError, parse_json


def header_of(place: Path) -> Header:
    """Return a bundle's header, compared with its id alone.

    Raises:
        ArenaError: As `read_header`, or if there is no such folder.
        RejectedError: As `read_header`, or if something lies in it that has no place in a bundle.
    """
    return read_header(BundleFolder(place, strictest_limits()), strictest_limits())


def strictest_limits() -> Limits:
    """Return the least that any rules allow: the limits while it is not known which hold."""
    each = [load_rules(name).limits for name in rules_names()]
    least = {name: min(getattr(one, name) for one in each) for name in Limits.model_fields}
    return Limits(**least)


def read_header(folder: BundleFolder, limits: Limits) -> Header:
    """Return a bundle's header, compared with its id.

    Raises:
        ArenaError: If there is none, or it is of another version.
        RejectedError: If it is not what it should be.
    """
    if HEADER_FILE not in folder.sizes:
        raise ArenaError(f"{folder.place} holds no {HEADER_FILE}; `arlarena submit` writes one")
    content = folder.read(HEADER_FILE)
    data = parse_json(content, HEADER_FILE, limits.json_depth)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > BUNDLE_VERSION:
        raise ArenaError(
            f"{HEADER_FILE} is of version {version}, this release reads {BUNDLE_VERSION}; "
            "install a newer arlarena-bench"
        )
    try:
        header = Header.model_validate_json(content)
    except ValidationError as error:
        raise RejectedError(f"{HEADER_FILE}: {shown(first_line(error))}") from None
    if header_id(data) != header.id:
        raise RejectedError(f"{HEADER_FILE}: its id is {header.id[:12]}, its content is another's")
    if header.rules not in rules_names():
        raise RejectedError(f"{HEADER_FILE}: no rules are called {shown(header.rules)!r}")
    if load_rules(header.rules).track != header.track:
        raise RejectedError(f"{HEADER_FILE}: {header.rules} are not the rules of {header.track}")
    return header
