"""Several runs of a bundle at a time, and one."""

import os

import pytest

from arlarena_bench.submission.parallel import each_of
from arlarena_bench.submission.strict_json import RejectedError


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_order_is_that_of_the_names(jobs: int) -> None:
    kept = {name: name * 2 for name in "dbca"}
    assert list(each_of(kept, lambda name: kept[name], jobs)) == list(kept.items())


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_first_name_that_fails_is_the_one_that_is_told(jobs: int) -> None:
    def fail(name: str) -> str:
        if name in "ca":
            raise RejectedError(f"{name} is wrong")
        return name

    with pytest.raises(RejectedError, match=r"^c is wrong$"):
        list(each_of("dbca", fail, jobs))


def test_there_are_several_processes() -> None:
    assert os.getpid() not in dict(each_of("ab", lambda _: os.getpid(), 2)).values()
    assert set(dict(each_of("ab", lambda _: os.getpid(), 1)).values()) == {os.getpid()}
