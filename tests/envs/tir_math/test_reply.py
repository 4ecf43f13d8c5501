from collections.abc import Callable

import pytest
from linear import grows_linearly

from arlarena_bench.envs.tir_math.reply import CodeOrAnswer, block, box, code_of

FORM = CodeOrAnswer()


@pytest.mark.parametrize(
    ("text", "command", "thought", "valid"),
    [
        ("So:\n```python\nprint(1)\n```", block("print(1)"), "So:", True),
        ("So: ```py\nprint(1)\n```\n \n", "```py\nprint(1)\n```", "So:", True),
        ("```python\nprint('```')\n```", block("print('```')"), "", True),
        ("```python\n```", "```python\n```", "", True),
        ("It is \\boxed{3}.", box("3"), "It is", True),
        ("\\boxed {\\frac{1}{2}}", box("\\frac{1}{2}"), "", True),
        ("So $\\boxed 2$.", box("2"), "So $", True),
        ("It is \\fbox{3}.", box("3"), "It is", True),
        # Executed all the same, but not the form that was asked for.
        ("```python\nprint(1)\n```\nThis prints 1.", block("print(1)"), "", False),
        ("```python\n1\n```\n```python\n2\n```", block("1"), "", False),
        ("\\boxed{1}\n```python\n2\n```", block("2"), "\\boxed{1}", False),
        ("\\boxed{1} or \\boxed{2}", box("2"), "\\boxed{1} or", False),
        ("```python\nprint(1)\n\\boxed{2}", box("2"), "```python\nprint(1)", False),
        # Neither.
        ("", "", "", False),
        ("42", "", "42", False),
        ("\\boxed{42", "", "\\boxed{42", False),
        ("\\boxed", "", "\\boxed", False),
        ("```python\nprint(1)", "", "```python\nprint(1)", False),
        ("```\nprint(1)\n```", "", "```\nprint(1)\n```", False),
        ("```pythonic\n1\n```", "", "```pythonic\n1\n```", False),
        ("```python print(1) ```", "", "```python print(1) ```", False),
    ],
)
def test_replies(text: str, command: str, thought: str, valid: bool) -> None:
    reply = FORM.parse(text)
    assert reply == (command, thought, valid)
    # What is executed says of itself what it is.
    assert FORM.parse(reply.command).command == command


def test_chinese_is_no_fault() -> None:
    assert FORM.parse("答案是 \\boxed{3}").format_valid


@pytest.mark.parametrize("command", [block("x = 1\nprint(x)"), box("\\frac{1}{2}")])
@pytest.mark.parametrize("thought", ["", "Let me see."])
def test_what_is_written_is_read(thought: str, command: str) -> None:
    assert FORM.parse(FORM.write(thought, command)) == (command, thought, True)


def test_a_person_need_not_type_the_fences() -> None:
    assert FORM.write("", "print(2**10)") == block("print(2**10)")
    assert FORM.write("", "") == ""
    for broken in ("```python\nprint(1)", "\\boxed{1"):
        assert FORM.write("", broken) == broken


def test_sampling_stops_behind_a_block() -> None:
    text = "Let me see.\n```python\nprint(1)\n```"
    complete = [FORM.complete(text[:end]) for end in range(len(text) + 1)]
    assert complete == [False] * len(text) + [True]
    assert not FORM.complete("\\boxed{1}"), "a later box would count"


def test_lines_may_end_as_on_windows() -> None:
    reply = FORM.parse("Hm.\r\n```python\r\nprint(1)\r\n```\r\n")
    assert reply.format_valid
    assert code_of(reply.command) == "print(1)\r\n"


def test_code() -> None:
    assert code_of("a ```python\nx = 1\n\nprint(x)\n``` b") == "x = 1\n\nprint(x)\n"
    assert code_of("\\boxed{1}") is None


@pytest.mark.parametrize(
    ("unit", "end"), [("```python\n", ""), ("\\boxed{", ""), ("\n", "```py\n"), ("`", "")]
)
@pytest.mark.parametrize("read", [FORM.parse, FORM.complete])
def test_a_megabyte_of_anything_takes_linear_time(
    unit: str, end: str, read: Callable[[str], object]
) -> None:
    assert grows_linearly(read, lambda size: unit * (size // len(unit)) + end)
