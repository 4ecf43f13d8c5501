import pytest
from linear import grows_linearly

from arlarena_bench.envs.tir_math.boxes import boxes, last_boxed


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", None),
        ("42", None),
        (r"\boxed{42", None),
        (r"\boxed{1} or \boxed{2}", "2"),
        (r"\boxed{1} and \boxed{2", "1"),
        (r"\boxed {\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\boxed{3}}", "3"),
        (r"}} { \boxed{4} {", "4"),
        ("\\boxed{\n5\n}", "5"),
        (r"\fbox{5}", "5"),
        (r"\boxed 42", "42"),
        (r"So $\boxed 2$.", "2"),
        (r"\boxed -3.5, or so", "-3.5"),
        (r"\boxed1,000.", "1,000"),
        (r"$\boxed\frac{1}{2}$", r"\frac{1}{2}"),
        (r"\boxed\frac12", r"\frac12"),
        (r"\boxed\dfrac{\sqrt{3}}2", r"\dfrac{\sqrt{3}}2"),
        (r"\boxed\sqrt{2}", r"\sqrt{2}"),
        (r"\boxed\pi", r"\pi"),
        (r"\boxed x", "x"),
        (r"\boxed{1} and \fbox 2", "2"),
        (r"\boxed{\fbox{3}}", "3"),
        (r"\boxed\boxed{3}", "3"),
        (r"\boxed{a \boxed{b} c}", "b"),
        (r"\boxedanswer{3}", None),
        (r"\boxed answers are read", None),
        (r"\boxed", None),
        (r"\boxed\frac", None),
        ("\\\\boxed{3}", None),
    ],
)
def test_the_last_complete_box(text: str, answer: str | None) -> None:
    assert last_boxed(text) == answer


def test_where_a_box_stands() -> None:
    text = r"It is \boxed{1} or \fbox 2."
    found = boxes(text)
    assert [text[box.start : box.inner] for box in found] == [r"\boxed{", r"\fbox "]
    assert [text[box.inner : box.end] for box in found] == ["1", "2"]


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        ("", r"\boxed{"),
        ("", r"\boxed 1"),
        ("", r"\boxed"),
        ("", r"\boxed\frac"),
        ("", r"\boxed\frac{"),
        (r"\boxed\sqrt", "{"),
        (r"\boxed", " "),
        ("", r"\boxed" + " " * 1_000),
    ],
)
def test_a_megabyte_of_anything_takes_linear_time(start: str, unit: str) -> None:
    assert grows_linearly(boxes, lambda size: start + unit * (size // len(unit)))
