import os
import signal
import threading
import time
from pathlib import Path

import pytest

from arlarena_bench.envs.tir_math import grader
from arlarena_bench.envs.tir_math.grader import grade, last_boxed


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


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", None),
        ("42", None),
        (r"\boxed{42", None),
        (r"\boxed 42", None),
        (r"\boxed{1} or \boxed{2}", "2"),
        (r"\boxed{1} and \boxed{2", "1"),
        (r"\boxed {\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\boxed{3}}", "3"),
        (r"}} { \boxed{4} {", "4"),
        ("\\boxed{\n5\n}", "5"),
    ],
)
def test_the_last_complete_box(text: str, answer: str | None) -> None:
    assert last_boxed(text) == answer


def test_a_megabyte_is_read_in_no_time() -> None:
    started = time.process_time()
    for text in (r"\boxed{" * 150_000, "{" * 1_000_000, r"\boxed{1}" * 110_000, "}" * 1_000_000):
        grade(text + r"\boxed{2}", "3")
        grade(text, "3")
    assert time.process_time() - started < 5


@pytest.mark.parametrize("answer", ["9^{9^{9^9}}", "10000000!"])
def test_endless_answers_are_wrong(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader, "SECONDS", 0.5)
    started = time.monotonic()
    assert not grade(rf"\boxed{{{answer}}}", "3")
    assert time.monotonic() - started < 30
    assert grade(r"\boxed{\frac{2}{4}}", "0.5"), "the next one is graded as ever"


@pytest.mark.parametrize("answer", ["9**9**9**9", "(" * 900 + "3", r"\sqrt" * 600, "{" * 900])
def test_hostile_answers_are_wrong(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader, "SECONDS", 1.0)
    assert not grade(rf"\boxed{{{answer}}}", "3")
    assert grade(r"\boxed{\frac{3}{4}}", "0.75")


def test_what_is_graded_is_never_evaluated(tmp_path: Path) -> None:
    target = tmp_path / "made"
    for code in (f"open('{target}', 'w')", f"__import__('os').mkdir('{target}')"):
        assert not grade(rf"\boxed{{{code}}}", "3")
        assert not grade(r"\boxed{3}", code)
    assert not target.exists()


def test_a_killed_grader_is_replaced() -> None:
    assert grade(r"\boxed{\frac{5}{10}}", "0.5")
    process = grader._grader._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert grade(r"\boxed{\frac{6}{12}}", "0.5")
    assert grader._grader._process is not process


def test_a_grader_that_does_not_answer_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert grade(r"\boxed{\frac{5}{20}}", "0.25")
    process = grader._grader._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(grader, "PATIENCE", 0.3)
        started = time.monotonic()
        assert not grade(r"\boxed{\frac{6}{24}}", "0.25")
        assert time.monotonic() - started < 10
    assert grade(r"\boxed{\frac{7}{28}}", "0.25")


def test_it_works_in_threads() -> None:
    verdicts: list[bool] = []

    def ask(n: int) -> None:
        verdicts.append(grade(rf"\boxed{{\frac{{{n}}}{{{2 * n}}}}}", "0.5"))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(20, 28)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 8


def test_a_forked_child_has_a_grader_of_its_own() -> None:
    assert grade(r"\boxed{\frac{7}{14}}", "0.5")
    child = os.fork()
    if child == 0:
        right = grade(r"\boxed{\frac{8}{16}}", "0.5")
        grader._grader._stop()
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert grade(r"\boxed{\frac{9}{18}}", "0.5")
