"""One function over many names, several at a time."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import torch

Found = TypeVar("Found")

_function: Callable[[str], Any]


def each_of(
    names: Iterable[str], function: Callable[[str], Found], jobs: int
) -> Iterator[tuple[str, Found]]:
    """Yield every name with what the function returns for it, in their order.

    Args:
        names: They.
        function: What it has closed over is there in every process, because processes are forked;
            where there is no fork, this one does all.
        jobs: How many processes at a time; 1 for this one.

    Raises:
        Exception: Whatever the function raises for the first name for which it raises.
    """
    asked = list(names)
    if min(jobs, len(asked)) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from ((name, function(name)) for name in asked)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, context, _remember, (function,)) as pool:
        try:
            yield from zip(asked, pool.map(_call, asked), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)


def _remember(function: Callable[[str], Any]) -> None:
    global _function
    _function = function
    torch.set_num_threads(1)  # the threads of the process that was forked are not in this one


def _call(name: str) -> Any:
    return _function(name)
