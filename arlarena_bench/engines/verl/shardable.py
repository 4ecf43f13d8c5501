"""Methods whose loss verl may cut into micro-batches."""

from collections.abc import Mapping
from typing import Any

from arlarena_bench import installed
from arlarena_bench.errors import ArenaError
from arlarena_bench.objective import Method, Wrapped


def shardable_method(name: str, options: Mapping[str, Any]) -> Method | Wrapped:
    """Return a method whose loss may be cut into micro-batches.

    Raises:
        ArenaError: If it is unknown, its options are wrong, or its loss is a finished number.
    """
    method = installed.method(name, **options)
    if not method.has_token_loss:
        raise ArenaError(
            f"method {name} has a finished policy_loss, but verl cuts minibatches into parts; "
            "write token_loss in its place"
        )
    return method
