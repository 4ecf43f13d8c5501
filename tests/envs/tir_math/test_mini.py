from random import Random
from statistics import fmean

import pytest
from transformers import PreTrainedTokenizerFast

from arlarena_bench.envs.tir_math.env import TirMathEnv
from arlarena_bench.envs.tir_math.problems import Draw
from arlarena_bench.envs.tir_math.problems.mini import FAMILIES, make
from arlarena_bench.envs.tir_math.reply import block, code_of
from arlarena_bench.envs.tir_math.sandbox import shared
from arlarena_bench.installed import load_recipe
from arlarena_bench.policy.nano import train_tokenizer
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.recipe import Recipe


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("nano", "tir_math_mini")


@pytest.fixture(scope="module")
def demonstrations(recipe: Recipe) -> list[list[str]]:
    """Return the texts of 300 episodes of the expert: prompt, reply, output, reply."""
    env = AgentProtocol(TirMathEnv(size="mini"), template=recipe.protocol.template)
    listed = []
    for seed in range(300):
        texts = [env.reset(seed=seed)[0]]
        while plan := env.game.demonstrator.expert():
            texts.append(env.game.reply_format.write(env.game.demonstrator.thought(plan), plan[0]))
            texts.append(env.step(texts[-1])[4]["observation"])
        assert env.game.success
        listed.append(texts[:-1])
    return listed


@pytest.fixture(scope="module")
def tokenizer(recipe: Recipe, demonstrations: list[list[str]]) -> PreTrainedTokenizerFast:
    words = recipe.tokenizer
    texts = (text for texts in demonstrations for text in texts)
    return train_tokenizer(texts, words.pattern, joined=words.joined)


def test_the_vocabulary_is_small(tokenizer: PreTrainedTokenizerFast) -> None:
    assert len(tokenizer) < 110
    pieces = ("```python\n", "\n```", "print(", "sum(", "range(", "\\boxed{", "}", "7")
    assert set(pieces) <= set(tokenizer.get_vocab())


def test_rows_are_short(
    tokenizer: PreTrainedTokenizerFast, demonstrations: list[list[str]], recipe: Recipe
) -> None:
    lengths = [[len(ids) for ids in tokenizer(texts)["input_ids"]] for texts in demonstrations]
    assert all(len(row) == 4 for row in lengths), "a program and an answer"
    assert fmean(row[0] for row in lengths) < 16
    assert fmean(sum(row) for row in lengths) < 62
    assert max(map(sum, lengths)) < 110
    longest_reply = max(max(row[1], row[3]) for row in lengths)
    assert longest_reply <= recipe.train.max_new_tokens
    # Three replies and two outputs at their longest fit beside the longest problem.
    horizon, output = TirMathEnv(size="mini").horizon, 24 + 2
    most = 30 + horizon * recipe.train.max_new_tokens + (horizon - 1) * output
    assert most <= recipe.model.max_length


def test_decoded_programs_still_run(
    tokenizer: PreTrainedTokenizerFast, demonstrations: list[list[str]]
) -> None:
    env = TirMathEnv(size="mini")
    for seed, (_, reply, _, answer) in enumerate(demonstrations[:100]):
        env.reset(seed=seed)
        ids = tokenizer([reply, answer], add_special_tokens=False)["input_ids"]
        first, second = tokenizer.batch_decode(ids)
        read = env.reply_format.parse(first)
        assert read.format_valid
        assert env.reply_format.complete(first)
        assert (code_of(read.command) or "").strip() == env.problem.program
        env.step(read.command)
        assert env.step(env.reply_format.parse(second).command)[1] == 1.0


def test_mistakes_are_in_the_vocabulary(
    tokenizer: PreTrainedTokenizerFast, demonstrations: list[list[str]]
) -> None:
    env = TirMathEnv(size="mini")
    rng = Random(0)
    unknown = tokenizer.unk_token_id
    for seed in range(100):
        env.reset(seed=seed)
        ids = tokenizer(env.demonstrator.noise(rng)[0])["input_ids"]
        assert ids.count(unknown) <= 1


def test_the_usual_mistakes_run_and_are_wrong() -> None:
    box = shared("auto")
    for family in FAMILIES:
        problems = [make(family, Draw("slip", number)) for number in range(10)]
        results = [box.run(problem.slip, 5.0) for problem in problems]
        assert not any(result.error for result in results)
        outputs = [result.output.strip() for result in results]
        assert all(map(str.isdigit, outputs))
        # Modulo a small number two programs may agree by chance.
        right = [p.answer == output for p, output in zip(problems, outputs, strict=True)]
        assert sum(right) <= (family == "power"), family


def test_the_poor_player_copies_three_digits() -> None:
    env = TirMathEnv(size="mini")
    env.reset(seed=0)
    env.step(block("print(1234567)"))
    assert env.demonstrator.habit() == ["\\boxed{123}"]
    env.step(block("print('no number')"))
    assert env.demonstrator.habit() == ["\\boxed{0}"]


def test_long_outputs_are_cut() -> None:
    env = TirMathEnv(size="mini")
    env.reset(seed=0)
    observation = env.step(block("print(9**99)"))[0]
    digits = observation.removeprefix("\nCode execution result: ").removesuffix("\n")
    assert len(digits) == 24
    assert digits[12] == "…"
    assert str(9**99).startswith(digits[:12])
    assert str(9**99).endswith(digits[13:])


def test_the_recipe_is_of_this_environment(recipe: Recipe) -> None:
    assert recipe.environment.id == "arlarena/TIRMathMini-v0"
    assert recipe.evaluation.validation_tasks <= len(
        TirMathEnv(size="mini").tasks.panel("validation").task_ids
    )
