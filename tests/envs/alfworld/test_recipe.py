from random import Random

from arlarena_bench.policy.nano import train_tokenizer
from arlarena_bench.policy.scripted import ExpertPolicy, RandomPolicy
from arlarena_bench.recipe import Recipe
from arlarena_bench.registry import load_recipe
from arlarena_bench.training.cloning import record_demonstrations
from arlarena_bench.training.evaluate import evaluate, success_by_category, summarise
from arlarena_bench.training.rollout import Arena


def small() -> Recipe:
    return load_recipe("nano", "alfworld").with_values(
        {"evaluation.validation_tasks": 60, "cloning.episodes": 150}
    )


def test_the_expert_shows_what_can_be_learned() -> None:
    recipe = small()
    arena = Arena(recipe)
    expert = evaluate(ExpertPolicy(), arena, recipe, "validation")
    assert summarise(expert)["success"] >= 0.9
    assert summarise(expert)["action_valid"] == 1.0
    by_type = success_by_category(expert)
    assert list(by_type) == ["clean", "cool", "heat", "look", "pick", "pick2"]
    random = evaluate(RandomPolicy(Random(0)), arena, recipe, "validation")
    assert summarise(random)["success"] < 0.05


def test_prompts_and_replies_fit_the_tiny_model() -> None:
    recipe = small()
    demonstrations = record_demonstrations(recipe)
    texts = [text for demo in demonstrations for text in (demo.prompt, demo.reply, demo.noise)]
    tokenizer = train_tokenizer(texts, recipe.tokenizer.pattern)
    assert len(tokenizer) < 128

    def words(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    longest = max(words(demo.reply) for demo in demonstrations)
    assert longest < recipe.train.max_new_tokens
    prompts = max(words(demo.prompt) for demo in demonstrations)
    assert prompts + 1 + recipe.train.max_new_tokens <= recipe.model.max_length
    # What the model says is what the environment reads.
    for demo in demonstrations[:200]:
        ids = tokenizer(demo.reply, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids, skip_special_tokens=True) == demo.reply
