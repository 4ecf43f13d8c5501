"""What an adapter says if the package that it is for is absent."""

from collections.abc import Iterator
from contextlib import contextmanager

from arlarena_bench.errors import ArenaError


@contextmanager
def needed(command: str) -> Iterator[None]:
    """Import inside what this command installs.

    Raises:
        ArenaError: If it is not there.
    """
    try:
        yield
    except ImportError as error:
        raise ArenaError(f"{error.name} is not installed: {command}") from error
