"""The tokens of a conversation under the real tokenizer of Qwen3, every one of them."""

import pytest
import torch
from real_parts import QWEN3_TOKENIZER, part
from relay import relay_recipe
from samples import streams
from transformers import Qwen3Config, Qwen3ForCausalLM

from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.model_folder import load_tokenizer
from arlarena_bench.policy.player import SampledPlayer
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import ChatSection
from arlarena_bench.streams import Stream
from arlarena_bench.training.fine_tuning import conversation_rows
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import pack_episodes

pytestmark = pytest.mark.real

VOCABULARY = 151_936
SILENT = "<think>\n\n</think>\n\n"


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """A random model of few numbers with the real vocabulary."""
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=8,
        intermediate_size=8,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        random = Qwen3ForCausalLM(config).eval()
    return LanguageModel(random, load_tokenizer(part(QWEN3_TOKENIZER)), ChatSection(system="Obey."))


def opening(text: str) -> str:
    return (
        "<|im_start|>system\nObey.<|im_end|>\n"
        f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n{SILENT}"
    )


def going_on(text: str) -> str:
    return f"\n<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n{SILENT}"


def test_the_template_is_qwen3s_with_its_switch(model: LanguageModel) -> None:
    tokenizer = model.tokenizer
    (prompt,) = model.encode(["push the box"])
    assert tokenizer.decode(prompt) == opening("push the box")
    thinking = LanguageModel(model.model, tokenizer, ChatSection(thinking=True))
    (prompt,) = thinking.encode(["push the box"])
    assert tokenizer.decode(prompt).endswith("<|im_start|>assistant\n")
    ends = [tokenizer.decode([end]) for end in model.end_ids]
    assert ends[0] == "<|im_end|>"


def test_every_token_of_a_conversation_is_counted_once(model: LanguageModel) -> None:
    words = ["push the box", "it is stuck\n\n", "☃ 箱を押す", "  done  "]
    sampling, asks, turns = Sampling(12), [Ask(words[0])], []
    for number, word in enumerate(words[1:]):
        (turn,) = model.sample(asks, sampling, streams(1, f"turn {number}"))
        turns.append(turn)
        asks = [Ask("", follows=turn, added=word)]
    (turn,) = model.sample(asks, sampling, streams(1, "last"))
    turns.append(turn)
    decode = model.tokenizer.decode
    expected: tuple[int, ...] = ()
    for number, (word, one) in enumerate(zip(words, turns, strict=True)):
        said = decode(one.prompt_ids[len(expected) :])
        if number:
            # A reply that was cut short gets the end that the template asks for.
            ended = turns[number - 1].reply_ids[-1] in model.end_ids
            assert said == ("" if ended else "<|im_end|>") + going_on(word)
        else:
            assert said == opening(word)
        assert one.prompt_ids[: len(expected)] == expected
        expected = (*one.prompt_ids, *one.reply_ids)
        assert len(one.reply_ids) == len(one.log_probs) <= 12
    # Random words are seldom cut the way in which they were drawn.
    again = model.tokenizer(decode(expected), add_special_tokens=False)["input_ids"]
    assert tuple(again) != expected


def test_a_row_of_training_holds_them_all(model: LanguageModel) -> None:
    arena = Arena(relay_recipe())
    player = SampledPlayer(model, Sampling(6))
    played = [Stream.of("conversation", number) for number in range(3)]
    episodes = arena.play(player, [arena.game.tasks.panel("test").task_ids[0]] * 3, [0] * 3, played)
    for episode in episodes:
        # Random words may be a silence, whose tokens would not count; which they are differs
        # between processors.
        episode.void = False
    rows, _ = pack_episodes(episodes, model.pad_id)
    for row, episode in enumerate(episodes):
        last = episode.turns[-1].generation
        whole = (*last.prompt_ids, *last.reply_ids)
        first = len(episode.turns[0].generation.prompt_ids)
        assert tuple(rows.replies[row, : len(whole) - first].tolist()) == whole[first:]
        own = [token for turn in episode.turns for token in turn.generation.reply_ids]
        assert rows.replies[row][rows.mask[row] > 0].tolist() == own


def test_what_is_demonstrated_is_read_as_the_template_writes_it(model: LanguageModel) -> None:
    chat = [
        {"role": "user", "content": "push the box"},
        {"role": "assistant", "content": "<action>up</action>"},
        {"role": "user", "content": "it moved"},
        {"role": "assistant", "content": "<action>left</action>"},
    ]
    rows = conversation_rows(model, [chat])
    said = model.tokenizer.decode([*rows.prompts.ids[0].tolist(), *rows.replies[0].tolist()])
    assert said == (
        f"{opening('push the box')}<action>up</action><|im_end|>"
        f"{going_on('it moved')}<action>left</action><|im_end|>"
    )
    own = model.tokenizer.decode(rows.replies[0][rows.mask[0] > 0])
    assert own == "<action>up</action><|im_end|><action>left</action><|im_end|>"
