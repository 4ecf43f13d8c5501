from fits import check_prompts_and_replies_fit

from arlarena_bench.envs.alfworld.env import AlfworldEnv
from arlarena_bench.envs.alfworld.shared import KEPT
from arlarena_bench.installed import load_recipe
from arlarena_bench.policy.scripted import ExpertPlayer, RandomPlayer
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.evaluate import evaluate, summary_of
from arlarena_bench.training.rollout import Arena


def small() -> Recipe:
    return load_recipe("nano", "alfworld_mini").with_values(
        {"evaluation.validation_tasks": 60, "cloning.episodes": 150}
    )


def test_the_expert_shows_what_can_be_learned() -> None:
    recipe = small()
    arena = Arena(recipe)
    expert = summary_of(evaluate(ExpertPlayer(), arena, recipe, "validation"))
    assert expert.success >= 0.9
    assert expert.action_valid == 1.0
    assert list(expert.success_by_category) == ["clean", "cool", "heat", "look", "pick", "pick2"]
    random = evaluate(RandomPlayer(), arena, recipe, "validation")
    assert summary_of(random).success < 0.05


def test_prompts_and_replies_fit_the_tiny_model() -> None:
    check_prompts_and_replies_fit(small(), vocabulary=128)


def test_what_an_evaluation_plays_is_kept() -> None:
    env, recipe = AlfworldEnv(size="mini"), load_recipe("nano", "alfworld_mini")
    tests = recipe.evaluation.test_tasks or len(env.tasks.panel("test").task_ids)
    assert tests + recipe.evaluation.validation_tasks <= KEPT
