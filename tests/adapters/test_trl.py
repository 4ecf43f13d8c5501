"""TRL's GRPOTrainer trains on our environment, and pays what the protocol pays."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from documented import documented
from replays import BARE, FORBIDDEN, LEFT, RIGHT, replayed
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

trl = pytest.importorskip("trl")

from arlarena_bench import ArenaError
from arlarena_bench.adapters.trl import environment_factory, training_tasks

CALLS = [
    f'<tool_call>\n{{"name": "answer", "arguments": {{"reply": "{reply}"}}}}\n</tool_call>'
    for reply in (RIGHT, LEFT, BARE, FORBIDDEN)
]
END = "<|im_end|>"


def tokenizer() -> Any:
    """Bytes, and each call as one token."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    prompt = environment_factory("sokoban")().reset("test/0000")
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        [prompt], trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet)
    )
    words = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, pad_token="<|pad|>", padding_side="left"
    )
    words.add_tokens(CALLS)
    template = Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja"
    words.chat_template = template.read_text()
    return words


def caller(words: Any) -> Any:
    """A model that calls the tool, with one of the replies at random, and ends its turn."""
    config = transformers.Qwen3Config(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=16,
        max_position_embeddings=8192,
        tie_word_embeddings=False,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.Qwen3ForCausalLM(config)
    calls = words.convert_tokens_to_ids(CALLS)
    with torch.no_grad():
        layer = model.model.layers[0]
        layer.self_attn.o_proj.weight.zero_()  # what comes next depends on the last token alone
        layer.mlp.down_proj.weight.zero_()
        inward, outward = model.model.embed_tokens.weight, model.lm_head.weight
        inward.zero_(), outward.zero_()
        inward[:, 0], inward[calls, 0], inward[calls, 1] = 1.0, 0.0, 1.0
        outward[calls, 0], outward[words.eos_token_id, 1] = 8.0, 8.0
    return model


@pytest.mark.filterwarnings("ignore")
def test_one_step_on_sokoban_pays_what_the_protocol_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    words = tokenizer()
    words.save_pretrained(tmp_path / "model")
    caller(words).save_pretrained(tmp_path / "model")
    config = trl.GRPOConfig(
        output_dir=str(tmp_path / "out"),
        per_device_train_batch_size=4,
        num_generations=4,
        max_completion_length=4096,
        max_tool_calling_iterations=3,
        max_steps=1,
        learning_rate=1e-2,
        beta=0.0,
        logging_steps=1,
        report_to=[],
        use_cpu=True,
        seed=5,
    )
    space: dict[str, Any] = {"model": str(tmp_path / "model"), "config": config}
    (lines,) = documented("ecosystem.md", "TRL")
    exec(lines, space)
    trainer = space["trainer"]
    log = trainer.state.log_history[0]
    returns = []
    for environment in trainer.environments:
        episode = environment.episode
        assert len(episode.replies) == 3
        assert set(episode.replies) <= {RIGHT, LEFT, BARE, FORBIDDEN}
        turns = replayed("arlarena/Sokoban-v0", episode.info["task_id"], episode.replies)
        assert episode.asked[-1]["content"] == turns[-1]["prompt"]
        returns.append(sum(turn["reward"] for turn in turns))
        assert environment.get_reward() == pytest.approx(returns[-1])
    assert len(returns) == 4
    assert len(set(returns)) > 1  # else there would be nothing to learn
    assert log["reward"] == pytest.approx(sum(returns) / 4, abs=1e-5)
    assert log["tools/call_frequency"] == 3
    assert log["tools/failure_frequency"] == 0
    assert log["grad_norm"] > 0


def test_training_tasks_are_drawn_and_never_held_out() -> None:
    rows = training_tasks("sokoban", 8, seed=1)
    tasks = rows["task_id"]
    assert len(set(tasks)) == 8
    assert tasks == training_tasks("sokoban", 8, seed=1)["task_id"]
    assert tasks != training_tasks("sokoban", 8, seed=2)["task_id"]
    held_out = environment_factory("sokoban")().episode.game.tasks.is_held_out
    assert not any(held_out(task) for task in tasks)


def test_an_episode_that_is_over_says_so_and_pays_no_more() -> None:
    environment = environment_factory("sokoban")()
    environment.reset(task_id="test/0007")
    answers = [environment.answer(RIGHT) for _ in range(environment.episode.game.horizon)]
    paid = environment.get_reward()
    assert [answer.endswith("The episode is over.") for answer in answers[-2:]] == [False, True]
    assert environment.answer(LEFT) == "The episode is over."
    assert environment.get_reward() == paid
    with pytest.raises(ArenaError, match="did you mean 'sokoban'"):
        environment_factory("sokobam")
