"""The one version of verl that this is written for."""

from importlib.metadata import PackageNotFoundError, version

from arlarena_bench.errors import ArenaError

VERSION = "0.9.1"
INSTALL = "pip install 'arlarena-bench[verl]'"


def require_verl() -> None:
    """Refuse to go on without verl, or with another version.

    What is taken from it beside its registries is private, and moves from version to version.

    Raises:
        ArenaError: One line with the command that installs it.
    """
    try:
        found = version("verl")
    except PackageNotFoundError:
        raise ArenaError(f"engine verl needs verl {VERSION}: {INSTALL}") from None
    if found != VERSION:
        raise ArenaError(
            f"engine verl is written for verl {VERSION}, and {found} is installed: {INSTALL}"
        )
