from fits import check_prompts_and_replies_fit

from arlarena_bench.installed import load_recipe
from arlarena_bench.policy.scripted import ExpertPlayer
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.evaluate import evaluate, summary_of
from arlarena_bench.training.rollout import Arena


def small() -> Recipe:
    return load_recipe("nano", "webshop_mini").with_values(
        {"evaluation.validation_tasks": 100, "cloning.episodes": 300}
    )


def test_the_expert_shows_what_can_be_learned() -> None:
    recipe = small()
    expert = summary_of(evaluate(ExpertPlayer(), Arena(recipe), recipe, "validation"))
    assert expert.success >= 0.95
    assert expert.action_valid == 1.0


def test_prompts_and_replies_fit_the_tiny_model() -> None:
    check_prompts_and_replies_fit(small(), vocabulary=120)
