"""Lines of the report that `arlarena doctor` prints; environments and methods add their own.

A plug-in names a function that returns such lines by the entry-point group
`arlarena_bench.checks`.
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    Attributes:
        name: What was looked at.
        found: What was found.
        ok: Whether that is enough; None where it is only good to know.
        advice: What to do about it, empty if nothing.
    """

    name: str
    found: str
    ok: bool | None = None
    advice: str = ""


def optional_package(name: str, purpose: str, extra: str | None = None) -> Check:
    """Look for a package that nothing needs by default.

    Args:
        name: The distribution's name, as pip knows it.
        purpose: What it is good for.
        extra: Which of our extras brings it, if one does.
    """
    found = installed_version(name)
    wanted = name if extra is None else f"'arlarena-bench[{extra}]'"
    advice = "" if found else f"for {purpose}: pip install {wanted}"
    return Check(name, found or "not installed", None, advice)


def installed_version(package: str) -> str | None:
    """Return the version of an installed distribution, None where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
