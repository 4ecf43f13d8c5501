import re
import subprocess
import sys
from fractions import Fraction

import pytest

from arlarena_bench.envs.tir_math.grader import grade
from arlarena_bench.envs.tir_math.panels import draw_problem, key, kinds
from arlarena_bench.envs.tir_math.problems import FAMILIES, LEVELS, Draw, Problem, normalised
from arlarena_bench.envs.tir_math.problems.problem import fraction, polynomial, root, signed
from arlarena_bench.envs.tir_math.sandbox import shared

PROOFS = 6


def drawn(size: str, kind: str, count: int) -> list[Problem]:
    return [draw_problem(size, kind, Draw("proof", kind, number)) for number in range(count)]


def test_there_are_ten_families_of_five_levels() -> None:
    assert len(FAMILIES) == 10
    assert {len(levels) for levels in FAMILIES.values()} == {len(LEVELS)} == {5}
    assert len(kinds("full")) == 50
    assert len(kinds("mini")) == 7


@pytest.mark.parametrize("size", ["full", "mini"])
def test_programs_prove_the_answers(size: str) -> None:
    box = shared()
    for kind in kinds(size):
        for problem in drawn(size, kind, PROOFS):
            result = box.run(problem.program)
            assert not result.error, (kind, problem.program, result.error)
            given = rf"\boxed{{{result.output.strip()}}}"
            assert grade(given, problem.answer), (kind, problem.text, problem.answer, given)


@pytest.mark.parametrize("size", ["full", "mini"])
def test_answers_take_calculation(size: str) -> None:
    """An answer is neither written in the problem nor the same for every draw."""
    for kind in kinds(size):
        listed = drawn(size, kind, 40)
        shown = sum(p.answer in re.findall(r"-?\d+", p.text) for p in listed)
        assert shown <= 8, kind
        assert len({p.answer for p in listed}) >= 10, kind


@pytest.mark.parametrize("size", ["full", "mini"])
def test_a_problem_is_its_draw(size: str) -> None:
    for kind in kinds(size):
        assert drawn(size, kind, 3) == drawn(size, kind, 3)
        # The text determines the program, so that two keys never share a text.
        by_text: dict[str, str] = {}
        for problem in drawn(size, kind, 200):
            identity = key(problem)
            assert by_text.setdefault(normalised(problem.text), identity) == identity


def test_enough_problems_of_each_kind() -> None:
    for kind in kinds("full"):
        assert len({key(p) for p in drawn("full", kind, 200)}) >= 70, kind


def test_wordings_vary() -> None:
    for kind in kinds("full"):
        shapes = {re.sub(r"[-−]?\d+", "0", p.text)[:25] for p in drawn("full", kind, 30)}
        assert len(shapes) >= 2, kind


def test_answers_have_many_shapes() -> None:
    answers = [p.answer for kind in kinds("full") for p in drawn("full", kind, 5)]
    for shape in (r"-?\d+", r"-?\\frac\{\d+\}\{\d+\}", r"\\\{.*\\\}", r"\(.*, .*\)", r"\d+\.\d\d"):
        assert any(re.fullmatch(shape, answer) for answer in answers), shape
    assert any("sqrt" in answer for answer in answers)
    assert any("x^2" in answer for answer in answers)


def test_short_problems_are_short() -> None:
    for kind in kinds("mini"):
        for problem in drawn("mini", kind, 100):
            assert all(len(number) <= 3 for number in re.findall(r"\d+", problem.text))
            assert len(problem.answer) <= 12
            numbers = re.findall(r"\d+", problem.thought)
            given = re.findall(r"\d+", problem.text)
            assert len(numbers) <= 3 * len(given)
            assert numbers == given * (len(numbers) // len(given))


def test_numbers_are_written_in_lowest_terms() -> None:
    assert [fraction(Fraction(a, b)) for a, b in ((4, 2), (-3, 6), (0, 5))] == [
        "2",
        r"-\frac{1}{2}",
        "0",
    ]
    assert [root(Fraction(n)) for n in (12, 49, 7)] == [r"2 \sqrt{3}", "7", r"\sqrt{7}"]
    assert [root(Fraction(n)) for n in (Fraction(1, 2), Fraction(8, 9))] == [
        r"\frac{\sqrt{2}}{2}",
        r"\frac{2 \sqrt{2}}{3}",
    ]
    assert polynomial((1, -1, 0, 3)) == "x^3 - x^2 + 3"
    assert polynomial((-2, 1)) == "-2x + 1"
    assert polynomial((Fraction(1, 2), 0), "n") == r"\frac{1}{2}n"
    assert polynomial((0, 0)) == "0"
    assert [signed(3), signed(-3)] == ["+ 3", "- 3"]


def test_draws() -> None:
    draw = Draw("a")
    assert {draw.between(1, 3) for _ in range(100)} == {1, 2, 3}
    assert {draw.nonzero(1) for _ in range(100)} == {-1, 1}
    assert sorted(draw.distinct(3, 1, 3)) == [1, 2, 3]
    weighted = [draw.weighted("ab", (0.9, 0.1)) for _ in range(1000)]
    assert 850 < weighted.count("a") < 950


def test_normalised_texts() -> None:
    assert normalised("What  is\n3 × 4?") == normalised("what is 3 × 4")
    assert normalised("x + 3") != normalised("x − 3") == normalised("x - 3.")


def test_same_problems_in_any_process() -> None:
    program = (
        "from arlarena_bench.envs.tir_math.panels import draw_problem, kinds\n"
        "from arlarena_bench.envs.tir_math.problems import Draw\n"
        "for size in ('full', 'mini'):\n"
        "    print([draw_problem(size, kind, Draw(kind)) for kind in kinds(size)])\n"
    )

    def run(hash_seed: str) -> bytes:
        environment = {"PYTHONHASHSEED": hash_seed, "PYTHONUTF8": "1"}
        command = [sys.executable, "-c", program]
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout

    assert run("0") == run("4711") != b""
