from collections import Counter
from random import Random

from arlarena_bench.envs.tir_math.corruption import corrupted_answer, corrupted_program
from arlarena_bench.envs.tir_math.reply import CodeOrAnswer, block, box, code_of

FORM = CodeOrAnswer()


def test_programs_with_one_mistake() -> None:
    program, other = "print(123*45)", "print(6)"
    rng = Random(0)
    kinds: Counter[str] = Counter()
    for _ in range(2000):
        broken = corrupted_program(program, [other], rng)
        assert broken != block(program)
        code = code_of(broken)
        if code is None:
            assert not FORM.parse(FORM.write("", broken)).format_valid
            kinds["fence"] += 1
        elif code.strip() == other:
            kinds["other"] += 1
        else:
            kinds["digit" if len(code.strip()) == len(program) else "lost"] += 1
    shares = {kind: count / 2000 for kind, count in kinds.items()}
    expected = {"digit": 0.35 / 0.8, "lost": 0.15 / 0.8, "other": 0.2 / 0.8, "fence": 0.1 / 0.8}
    assert all(abs(shares[kind] - expected[kind]) < 0.04 for kind in expected)


def test_answers_with_a_mistake() -> None:
    rng = Random(0)
    broken = Counter(corrupted_answer("12", rng) for _ in range(900))
    assert box("12") not in broken
    assert abs(broken["\\boxed{12"] / 900 - 1 / 3) < 0.05
    assert all(text == "\\boxed{12" or FORM.parse(text).format_valid for text in broken)
    assert box("x") != corrupted_answer("x", rng)
