import pytest
from verdicts import VERDICTS

from arlarena_bench.envs.tir_math import grade
from arlarena_bench.envs.tir_math.answers import compare


def table(right: bool) -> list[tuple[str, str]]:
    return [
        (answer, gold)
        for kind in VERDICTS.values()
        for gold, answers in kind.items()
        for answer in answers[0 if right else 1]
    ]


@pytest.mark.parametrize(("answer", "gold"), table(True))
def test_right_answers(answer: str, gold: str) -> None:
    assert grade(rf"\boxed{{{answer}}}", gold)


@pytest.mark.parametrize(("answer", "gold"), table(False))
def test_wrong_answers(answer: str, gold: str) -> None:
    assert not grade(rf"\boxed{{{answer}}}", gold)


def test_an_answer_is_itself() -> None:
    for kind in VERDICTS.values():
        for gold in kind:
            assert compare(gold, gold) is not False, gold


def test_being_equal_has_no_direction() -> None:
    """Of two forms of one value either may be the right answer and the other be given."""
    for answer, gold in table(True):
        nothing = "e-1" in answer  # which is right where the right answer is 0, but not itself 0
        assert nothing or compare(answer, gold) is not False, (answer, gold)
