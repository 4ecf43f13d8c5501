import pytest

from arlarena_bench.envs.tir_math.env import TirMathEnv
from arlarena_bench.envs.tir_math.reply import block, box


@pytest.mark.parametrize("size", ["full", "mini"])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_it_solves_the_panels(size: str, split: str) -> None:
    env = TirMathEnv(size=size)
    for task_id in env.panel(split).first(150):
        env.reset(options={"task_id": task_id})
        turns = 0
        while plan := env.oracle():
            assert env.expert() == plan
            env.step(plan[0])
            turns += 1
        assert env.success, task_id
        assert turns == 2


def test_it_copies_what_the_program_printed() -> None:
    env = TirMathEnv()
    env.reset(options={"task_id": "test/0000"})
    assert env.oracle() == [block(env.problem.program)]
    env.step(block("print(12)"))
    assert env.oracle() == [block(env.problem.program)], "of another program"
    env.step(block(env.problem.program))
    assert env.oracle() == [box(env.problem.answer)]
    assert env.thought(env.oracle()) == "The program has printed the answer."
    env.step(block("print(13)"))
    assert env.oracle() == [block(env.problem.program)]
    assert env.thought(env.oracle()) == env.problem.thought != ""


def test_it_has_nothing_to_say_after_the_end() -> None:
    env = TirMathEnv()
    for last in ("", box("1")):
        env.reset(options={"task_id": "test/0000"})
        env.step(last)
        assert env.oracle() == env.expert() == []
