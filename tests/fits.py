"""Whether a nano recipe's demonstrations fit its model."""

from arlarena_bench.policy.nano import train_tokenizer
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.cloning import record_demonstrations


def check_prompts_and_replies_fit(recipe: Recipe, vocabulary: int) -> None:
    """Check that every demonstration fits the model's length, and can be said with its words."""
    demonstrations = record_demonstrations(recipe)
    texts = [text for demo in demonstrations for text in (demo.prompt, demo.reply, demo.noise)]
    tokenizer = train_tokenizer(texts, recipe.tokenizer.pattern)
    assert len(tokenizer) < vocabulary

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
