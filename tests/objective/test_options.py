from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import pytest

from arlarena_bench import ArenaError
from arlarena_bench.objective import Fraction, NonNegative, Positive
from arlarena_bench.objective.options import check_options, read_options, replace_options


@dataclass(frozen=True)
class Inner:
    size: Positive = 1.0
    kind: Literal["a", "b"] = "a"

    def __call__(self) -> None:
        """Choices are callable: that is how they are told from options."""


@dataclass(frozen=True)
class Outer:
    inner: Callable[[], None] = field(default_factory=Inner)
    size: NonNegative = 2.0
    share: Fraction | None = 0.5
    count: int = 3
    function: Callable[..., object] = print


def test_reading_goes_into_choices_and_leaves_functions_out() -> None:
    # `size` lives in both; the outer one is read last.
    assert read_options(Outer()) == {"size": 2.0, "kind": "a", "share": 0.5, "count": 3}
    assert read_options(print) == {}


def test_replacing_reaches_every_owner_of_a_name() -> None:
    changed = replace_options(Outer(), {"size": 5.0, "kind": "b"})
    assert changed == Outer(inner=Inner(size=5.0, kind="b"), size=5.0)


def test_replacing_leaves_the_original_and_untouched_parts_alone() -> None:
    outer = Outer()
    assert replace_options(outer, {"share": None}).inner is outer.inner
    assert outer.share == 0.5


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Outer(size=-0.1), r"Outer\.size=-0\.1: Input should be greater than or equal to 0"),
        (Outer(size=float("nan")), r"Outer\.size=nan: Input should be a finite number"),
        (Outer(inner=Inner(size=0)), r"Inner\.size=0: Input should be greater than 0"),
        (Outer(share=1.5), r"Outer\.share=1\.5: Input should be less than or equal to 1"),
        (Outer(size="1"), r"Outer\.size='1': Input should be a valid number"),  # type: ignore[arg-type]
        (Outer(size=True), r"Outer\.size=True: Input should be a valid number"),
        (Outer(count=1.5), r"Outer\.count=1\.5: Input should be a valid integer"),  # type: ignore[arg-type]
        (Outer(inner=Inner(kind="c")), r"Inner\.kind='c': Input should be 'a' or 'b'"),  # type: ignore[arg-type]
    ],
)
def test_values_are_held_to_their_annotations(choice: Outer, message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        check_options(choice)


@pytest.mark.parametrize("choice", [Outer(), Outer(size=0), Outer(share=None), Inner(size=3)])
def test_good_values_pass(choice: object) -> None:
    check_options(choice)
