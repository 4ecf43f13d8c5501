"""CHAMP: 270 competition problems, of which each answer is graded."""

import importlib
import re
from collections.abc import Mapping
from random import Random

import pytest
from real_parts import CHAMP, part

from arlarena_bench.envs.tir_math import grade
from arlarena_bench.envs.tir_math.data import read_data
from arlarena_bench.envs.tir_math.problems import Problem
from arlarena_bench.envs.tir_math.reply import box

pytestmark = pytest.mark.real

PAIRS = 600


@pytest.fixture
def problems(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Problem]:
    monkeypatch.syspath_prepend(part(CHAMP))
    importlib.invalidate_caches()
    return read_data("champ", {})["test"].problems


def test_the_whole_set_is_read(problems: Mapping[str, Problem]) -> None:
    assert len(problems) == 270
    assert {p.family for p in problems.values()} == {
        "Combinatorics", "Inequality", "Number-Theory", "Polynomial", "Sequence",
    }  # fmt: skip
    assert not any("@@" in p.text + p.answer for p in problems.values())


def test_each_answer_is_right(problems: Mapping[str, Problem]) -> None:
    wrong = [p.answer for p in problems.values() if not grade(box(p.answer), p.answer)]
    assert wrong == []


def test_of_different_answers_only_zeros_in_other_words_are_right(
    problems: Mapping[str, Problem],
) -> None:
    rng, answers = Random("champ"), sorted(p.answer for p in problems.values())
    pairs = [rng.sample(answers, 2) for _ in range(PAIRS)]
    different = [pair for pair in pairs if _plain(pair[0]) != _plain(pair[1])]
    accepted = [(gold, said) for gold, said in different if grade(box(said), gold)]
    assert len(different) > 0.9 * PAIRS
    assert len(accepted) <= 9
    assert {re.sub(r"[^0-9]", "", text) for pair in accepted for text in pair} <= {"0"}


def _plain(answer: str) -> str:
    return re.sub(r"[\s.$]", "", answer)
