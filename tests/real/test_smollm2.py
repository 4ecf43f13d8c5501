"""A real instruction-tuned model of 135 M parameters plays, is cloned into and is trained."""

import json
from pathlib import Path

import pytest
from real_parts import SMOLLM2, part

from arlarena_bench import load_recipe
from arlarena_bench.engines.local import train
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.model_folder import weights_digest
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.policy.scripted import scripted_player
from arlarena_bench.recipe import ChatSection, CheckpointSection, LoraSection
from arlarena_bench.training.chat_data import chats_of, play_demonstrations, write_chats
from arlarena_bench.training.fine_tuning import FineTuning, fine_tune

pytestmark = pytest.mark.real

ENVIRONMENTS = ("alfworld_mini", "sokoban", "tir_math_mini", "webshop_mini")
NEW_TOKENS = 16
SHORT = {"environment.kwargs.horizon": 2, "train.max_new_tokens": NEW_TOKENS}
# What a grid of 6 x 6 needs, in a fifth of the words of the environment's own prompt.
TEMPLATE = {"first": "{observation}\nAnswer <think>…</think><action>up</action> or another.\n"}
LORA = LoraSection(rank=4, alpha=8)


def test_it_knows_what_it_was_taught() -> None:
    model = LanguageModel.load(part(SMOLLM2))
    (prompt,) = model.encode(["What is the capital of France?"])
    (reply,) = model.generate([prompt], Sampling(16, temperature=0))
    assert reply.text == "The capital of France is Paris."
    assert reply.reply_ids[-1] == model.tokenizer.convert_tokens_to_ids("<|im_end|>")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_plays(environment: str) -> None:
    values = [f"{key}={value}" for key, value in SHORT.items()]
    result = score_policy(
        str(part(SMOLLM2)),
        *("nano", environment, "test", 1),
        settings=[*values, "protocol.template=null"],
        decoder="paper",
    )
    assert result.policy.name == SMOLLM2
    (episode,) = result.main.episodes
    assert episode.turns is not None
    assert 1 <= len(episode.turns.token_ids) <= 2
    assert all(0 < len(ids) <= NEW_TOKENS for ids in episode.turns.token_ids)
    assert any(reply.strip() for reply in episode.turns.replies)


def test_adapters_are_cloned_into_it_and_trained_further(tmp_path: Path) -> None:
    values = SHORT | {"protocol.template": TEMPLATE, "start": {"checkpoint": {"ref": "."}}}
    recipe = load_recipe("nano", "sokoban").with_values(values)
    (episodes,) = play_demonstrations(scripted_player("expert"), recipe, 3, 1, 0)
    chats = [chat for episode in episodes for chat in chats_of(episode, "expert", "sokoban")]
    write_chats(tmp_path / "chats.jsonl", chats[:2])
    begun = CheckpointSection(ref=str(part(SMOLLM2)), lora=LORA)
    settings = FineTuning(epochs=2, batch_size=2, learning_rate=2e-3, warmup=1)
    cloned = fine_tune(begun, ChatSection(), tmp_path / "chats.jsonl", tmp_path / "out", settings)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "out/metrics.jsonl").open()]
    assert len(losses) == 2
    assert losses[-1] < losses[0]
    changes = {
        "start.checkpoint": {"ref": str(cloned), "lora": LORA.model_dump()},
        "train.iterations": 2,
        "train.groups": 1,
        "train.group_size": 2,
        "train.minibatches": 1,
        "train.learning_rate": 1e-3,
        "train.warmup": 1,
        "train.entropy_coef": 0.01,  # a group that fares alike leaves nothing else to learn
        "evaluation.every": 2,
        "evaluation.validation_tasks": 1,
        "evaluation.test_tasks": 1,
        "evaluation.decoders": {},
        "evaluation.headline": None,
    }
    result = train(recipe.for_run("grpo", 0, changes), tmp_path / "run")
    assert result.start is not None
    assert result.start.sha256 == weights_digest(cloned) != weights_digest(part(SMOLLM2))
    assert result.training is not None
    metrics = result.training.metrics
    assert metrics["cost/updates"][-1] == 2
    assert metrics["kl_ref"][1] == pytest.approx(0, abs=1e-5)
    assert metrics["kl_ref"][2] > 0
    assert weights_digest(tmp_path / "run" / "model") == result.policy.sha256
