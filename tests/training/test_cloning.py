import pytest
import torch
from signpost import WORDS, signpost_recipe

from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.cloning import _learning_rate, clone, record_demonstrations
from arlarena_bench.training.evaluate import evaluate, evaluation_player, summary_of
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.start import start_folder


def cloned(recipe: Recipe) -> LanguageModel:
    return clone(recipe, record_demonstrations(recipe))


def success(model, recipe, temperature: float) -> float:
    recipe = recipe.with_values({"evaluation.temperature": temperature})
    policy = evaluation_player(model, recipe)
    return summary_of(evaluate(policy, Arena(recipe), recipe, "validation")).success


def test_demonstrations_are_the_oracles_replies_on_and_off_its_path() -> None:
    demonstrations = record_demonstrations(signpost_recipe(**{"cloning.exploration": 0.5}))
    for demo in demonstrations:
        shown = demo.prompt.removeprefix("sign ")
        assert demo.reply.endswith(f"<action> {shown} </action>")
        assert demo.noise.split("<action> ")[1].removesuffix(" </action>") in WORDS
    assert len(demonstrations) > 2 * 200, "strays must add turns to the two of the shortest path"
    straight = record_demonstrations(signpost_recipe(**{"cloning.exploration": 0.0}))
    assert len(straight) == 2 * 200


def test_two_phases_leave_knowledge_and_doubt() -> None:
    # Four signs in four turns: one wrong reply loses.
    recipe = signpost_recipe(
        **{
            "environment.kwargs": {"signs": 4},
            "cloning.clean_steps": 150,
            "cloning.label_noise": 0.5,
        }
    )
    clear = cloned(recipe.with_values({"cloning.noisy_steps": 0}))
    blurred = cloned(recipe)
    assert success(clear, recipe, 1.0) > 0.8
    assert success(blurred, recipe, 1.0) < 0.6
    assert success(blurred, recipe, 0.0) > success(blurred, recipe, 1.0) + 0.2


def test_cloning_repeats_to_the_last_bit() -> None:
    recipe = signpost_recipe(**{"cloning.clean_steps": 8, "cloning.noisy_steps": 4})
    torch.rand(7)  # the global generator must not matter
    first = cloned(recipe)
    torch.rand(3)
    second = cloned(recipe)
    for name, weight in first.model.state_dict().items():
        assert torch.equal(weight, second.model.state_dict()[name]), name
    prompts = first.encode(["sign ant"])
    assert first.generate(prompts, Sampling(4, 0)) == second.generate(prompts, Sampling(4, 0))


def test_progress_is_told_step_by_step() -> None:
    told: list[dict[str, float]] = []
    recipe = signpost_recipe(**{"cloning.clean_steps": 5, "cloning.noisy_steps": 2})
    clone(recipe, record_demonstrations(recipe), told.append)
    assert [record["step"] for record in told] == [1, 2, 3, 4, 5, 6, 7]
    assert {record["steps"] for record in told} == {7}


def test_the_learning_rate_warms_up_stays_and_decays() -> None:
    settings = signpost_recipe(
        **{
            "cloning.clean_steps": 100,
            "cloning.warmup": 10,
            "cloning.learning_rate": 1.0,
            "cloning.noisy_learning_rate": 0.3,
        }
    ).cloning
    rates = {step: _learning_rate(step, settings) for step in (1, 5, 10, 60, 80, 100, 101)}
    assert rates == pytest.approx({1: 0.1, 5: 0.5, 10: 1.0, 60: 1.0, 80: 0.55, 100: 0.1, 101: 0.3})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("cloning.decay_share", 0.9),
        ("cloning.decay_to", 0.9),
        ("cloning.adam_beta1", 0.5),
        ("cloning.adam_beta2", 0.5),
        ("cloning.adam_eps", 1e-3),
        ("cloning.weight_decay", 1.0),
        ("cloning.grad_clip", 1e-3),
        ("model.tied_embeddings", False),
        ("model.weight_std", 0.1),
    ],
)
def test_every_setting_counts(setting: str, value: float) -> None:
    short = {"cloning.clean_steps": 10, "cloning.noisy_steps": 0, "cloning.episodes": 20}
    recipe = signpost_recipe(**short)
    changed = recipe.with_values({setting: value})
    assert start_folder(changed, "") != start_folder(recipe, "")
    before, after = (cloned(r).model.state_dict() for r in (recipe, changed))
    same = [torch.equal(weight, after[name]) for name, weight in before.items()]
    assert not all(same)


def test_the_learning_rate_may_stay_where_it_is() -> None:
    recipe = signpost_recipe(**{"cloning.decay_share": 0.0, "cloning.warmup": 0})
    settings = recipe.cloning
    rates = {_learning_rate(step, settings) for step in range(1, settings.clean_steps + 1)}
    assert rates == {settings.learning_rate}
