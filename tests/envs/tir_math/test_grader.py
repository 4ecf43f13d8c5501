import os
import signal
import subprocess
import threading
import time
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from field_cases import cases
from linear import grows_linearly

from arlarena_bench import outage
from arlarena_bench.envs.tir_math import grader
from arlarena_bench.envs.tir_math.grader import grade, grader_version
from arlarena_bench.outage import OutageError


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("42", "42"),
        ("+042", "42"),
        ("7.0", "7"),
        ("1,000", "1000"),
        ("1/2", "0.5"),
        (r"\frac12", "1/2"),
        (r"50\%", "1/2"),
        ("x=7", "7"),
        ("x^2+2x+1", "(x+1)^2"),
        ("3*x^2+1", "3 x^{2} + 1"),
        (r"\sqrt{8}", r"2\sqrt{2}"),
        (r"13^{1/2}\cdot 5", r"5\sqrt{13}"),
        ("-3, 2", r"\{2,-3\}"),
        ("{-3, 2}", r"\{2,-3\}"),
        ("(3, 4/5)", r"(3, \frac{4}{5})"),
        ("10^{100}", "1" + "0" * 100),
        (r"\text{red}", r"\text{red}"),
        ("9" * 5000, "9" * 5000),
        ("5", r"so \boxed{5}"),
    ],
)
def test_equal_answers(answer: str, gold: str) -> None:
    assert grade(rf"The answer is \boxed{{{answer}}}.", gold)


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("43", "42"),
        ("-42", "42"),
        ("(4/5, 3)", r"(3, \frac{4}{5})"),
        ("2, 3", r"\{2,-3\}"),
        ("0.333", "1/3"),
        ("x+1", "x-1"),
        ("", "1"),
        (" ", "1"),
        (r"\frac{1}{0}", "1"),
        ("3\0", "3"),
        ("9" * 5000, "9" * 4999),
        (r"\text{red}", r"\text{blue}"),
        (r"{1: 2}", "1"),
        ("\ud800", "1"),
    ],
)
def test_different_answers(answer: str, gold: str) -> None:
    assert not grade(rf"The answer is \boxed{{{answer}}}.", gold)


FIELD = [
    case
    for kind in ("integer-gold-float-answer", "right-answer-rejected", "wrong-answer-accepted")
    for case in cases(kind)
    if isinstance(case["input"], dict)
]


@pytest.mark.parametrize("case", FIELD, ids=itemgetter("id"))
def test_answers_of_the_field(case: dict[str, Any]) -> None:
    given = case["input"]
    assert grade(given["text"], given["gold"]) is case["right"]["value"]


def test_versions_of_all_that_decides_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts of math-verify differ between versions of sympy and of antlr's run-time."""
    told = grader_version()
    for name in ("math-verify", "latex2sympy2_extended", "antlr4-python3-runtime", "sympy"):
        assert f"{name} {version(name)}" in told
        with monkeypatch.context() as patch:
            real = grader.version
            patch.setattr(
                grader,
                "version",
                lambda asked, name=name, real=real: "4.9" if asked == name else real(asked),
            )
            assert grader_version() != told


@pytest.mark.parametrize(
    ("answer", "gold", "right"), [(r"50\%", "0.5", True), (r"50\%", "1/2", True), ("5.", "5", True)]
)
def test_simple_answers_need_no_process(
    answer: str, gold: str, right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(gold: str, answer: str) -> bool:
        raise AssertionError("asked math-verify, whose verdict depends on its reader's run-time")

    monkeypatch.setattr(grader._grader, "equal", refused)
    assert grade(rf"\boxed{{{answer}}}", gold) is right


@pytest.mark.parametrize("unit", [r"\boxed{", "{", r"\boxed{1}", "}"])
@pytest.mark.parametrize("end", [r"\boxed{2}", ""])
def test_a_megabyte_of_anything_takes_linear_time(unit: str, end: str) -> None:
    assert grows_linearly(
        lambda text: grade(text, "3"), lambda size: unit * (size // len(unit)) + end
    )


def asked(factor: int) -> bool:
    """Have math-verify say that two ratios are one, as they are: ours does not read ratios."""
    return grade(rf"\boxed{{{3 * factor}:{4 * factor}}}", "3:4")


@pytest.mark.parametrize("answer", ["9^{9^{9^9}}", "10000000!"])
def test_endless_answers_are_wrong(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader, "SECONDS", 0.5)
    started = time.monotonic()
    assert not grade(rf"\boxed{{{answer}}}", "3")
    assert time.monotonic() - started < 30
    assert asked(3), "the next one is graded as ever"


@pytest.mark.parametrize("answer", ["9**9**9**9", "(" * 900 + "3", r"\sqrt" * 600, "{" * 900])
def test_hostile_answers_are_wrong(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader, "SECONDS", 1.0)
    assert not grade(rf"\boxed{{{answer}}}", "3")
    assert asked(4)


def test_what_is_graded_is_never_evaluated(tmp_path: Path) -> None:
    target = tmp_path / "made"
    for code in (f"open('{target}', 'w')", f"__import__('os').mkdir('{target}')"):
        assert not grade(rf"\boxed{{{code}}}", "3")
        assert not grade(r"\boxed{3}", code)
    assert not target.exists()


def test_a_killed_grader_is_replaced() -> None:
    assert asked(5)
    process = grader._grader._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert asked(6)
    assert grader._grader._process is not process


def test_a_grader_that_does_not_answer_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(7)
    process = grader._grader._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(grader, "PATIENCE", 20.0)
        assert asked(8), "a new one gives the verdict"
    assert asked(9)


def test_a_grader_that_cannot_be_started_is_an_outage_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grader._grader._stop()
    monkeypatch.setattr(outage, "PAUSES", (0.0, 0.01))
    for program in ("/bin/false", "/nowhere/python"):
        monkeypatch.setattr(grader.sys, "executable", program)
        with pytest.raises(OutageError, match="the grader of TIR Math does not work") as raised:
            asked(11)
        assert "\n" not in str(raised.value)
    monkeypatch.undo()
    assert asked(11), "and nothing was remembered"


def test_an_answer_that_ends_every_grader_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "PAUSES", (0.0, 0.01))
    asks = grader._grader._send

    def send(process: subprocess.Popen[bytes], question: dict[str, object]) -> bool:
        if question["answer"] == "51:68":
            process.kill()
            process.wait()
        return asks(process, question)

    monkeypatch.setattr(grader._grader, "_send", send)
    assert not asked(17)
    assert asked(18)


def test_it_works_in_threads() -> None:
    verdicts: list[bool] = []

    def ask(n: int) -> None:
        verdicts.append(asked(n))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(20, 28)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 8


def test_a_forked_child_has_a_grader_of_its_own() -> None:
    assert asked(10)
    child = os.fork()
    if child == 0:
        right = asked(11)
        grader._grader._stop()
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert asked(12)
