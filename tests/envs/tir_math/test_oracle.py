import pytest

from arlarena_bench.envs.tir_math.env import TirMathEnv
from arlarena_bench.envs.tir_math.reply import block, box


@pytest.mark.parametrize("size", ["full", "mini"])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_it_solves_the_panels(size: str, split: str) -> None:
    env = TirMathEnv(size=size)
    for task_id in env.tasks.panel(split).first(150):
        env.reset(options={"task_id": task_id})
        turns = 0
        while plan := env.demonstrator.oracle():
            assert env.demonstrator.expert() == plan
            env.step(plan[0])
            turns += 1
        assert env.success, task_id
        assert turns == 2


def test_it_copies_what_the_program_printed() -> None:
    env = TirMathEnv()
    env.reset(options={"task_id": "test/0000"})
    assert env.demonstrator.oracle() == [block(env.problem.program)]
    env.step(block("print(12)"))
    assert env.demonstrator.oracle() == [block(env.problem.program)], "of another program"
    env.step(block(env.problem.program))
    assert env.demonstrator.oracle() == [box(env.problem.answer)]
    assert (
        env.demonstrator.thought(env.demonstrator.oracle()) == "The program has printed the answer."
    )
    env.step(block("print(13)"))
    assert env.demonstrator.oracle() == [block(env.problem.program)]
    assert env.demonstrator.thought(env.demonstrator.oracle()) == env.problem.thought != ""


def test_it_has_nothing_to_say_after_the_end() -> None:
    env = TirMathEnv()
    for last in ("", box("1")):
        env.reset(options={"task_id": "test/0000"})
        env.step(last)
        assert env.demonstrator.oracle() == env.demonstrator.expert() == []
