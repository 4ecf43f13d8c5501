from arlarena_bench.policy.nano import train_tokenizer
from arlarena_bench.policy.scripted import ExpertPolicy
from arlarena_bench.recipe import Recipe
from arlarena_bench.registry import load_recipe
from arlarena_bench.training.cloning import record_demonstrations
from arlarena_bench.training.evaluate import evaluate, summarise
from arlarena_bench.training.rollout import Arena


def small() -> Recipe:
    return load_recipe("nano", "webshop").with_values(
        {"evaluation.validation_tasks": 100, "cloning.episodes": 300}
    )


def test_the_expert_shows_what_can_be_learned() -> None:
    recipe = small()
    expert = summarise(evaluate(ExpertPolicy(), Arena(recipe), recipe, "validation"))
    assert expert["success"] >= 0.95
    assert expert["action_valid"] == 1.0


def test_prompts_and_replies_fit_the_tiny_model() -> None:
    recipe = small()
    demonstrations = record_demonstrations(recipe)
    texts = [text for demo in demonstrations for text in (demo.prompt, demo.reply, demo.noise)]
    tokenizer = train_tokenizer(texts, recipe.tokenizer.pattern)
    assert len(tokenizer) < 120

    def words(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    longest = max(max(words(demo.reply), words(demo.noise)) for demo in demonstrations)
    assert longest < recipe.train.max_new_tokens
    prompts = max(words(demo.prompt) for demo in demonstrations)
    assert prompts + 1 + recipe.train.max_new_tokens <= recipe.model.max_length
    # What the model says is what the environment reads.
    for demo in demonstrations[:200]:
        ids = tokenizer(demo.reply, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids, skip_special_tokens=True) == demo.reply
