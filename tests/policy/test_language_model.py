"""Generation and scoring against the transformers library's own."""

import pytest
import torch
from samples import streams

from arlarena_bench import ArenaError
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.nano import new_language_model, train_tokenizer
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import ModelSection

WORDS = "ant bee cat dog elk fox gnu hen"


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    tokenizer = train_tokenizer([WORDS], "[a-z]+")
    made = new_language_model(ModelSection(max_length=48), tokenizer, seed=3)
    with torch.no_grad():
        # Fresh weights answer almost uniformly; larger ones give each prompt its own answer.
        for weight in made.model.parameters():
            if weight.dim() > 1:
                weight.mul_(12.0)
    return made


PROMPTS = ["ant bee cat", "dog", "ant bee cat", "fox gnu hen ant bee", "hen hen"]


def test_greedy_generation_equals_the_library(model: LanguageModel) -> None:
    prompts = model.encode(PROMPTS)
    ours = model.generate(prompts, Sampling(12, temperature=0))
    lengths = set()
    for prompt, reply in zip(prompts, ours, strict=True):
        theirs = model.model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt)),
            max_new_tokens=12,
            do_sample=False,
        )[0, len(prompt) :]
        assert reply.reply_ids == tuple(theirs.tolist())
        lengths.add(len(reply.reply_ids))
    assert len({reply.reply_ids for reply in ours}) > 2, "the model must not be trivial"


def test_sampled_log_probs_equal_a_plain_forward_pass(model: LanguageModel) -> None:
    prompts = model.encode(PROMPTS * 8)
    replies = model.generate(prompts, Sampling(10), streams(len(prompts)))
    assert len({len(reply.reply_ids) for reply in replies}) > 1, "some rows must end early"
    for prompt, reply in zip(prompts, replies, strict=True):
        ids = torch.tensor([prompt + reply.reply_ids])
        logits = model.model(ids).logits[0, len(prompt) - 1 : -1]
        expected = logits.log_softmax(-1)
        chosen = expected.gather(-1, torch.tensor(reply.reply_ids)[:, None])[:, 0]
        assert torch.allclose(chosen, torch.tensor(reply.log_probs), atol=2e-5)
        entropy = -(expected.exp() * expected).sum(-1)
        assert torch.allclose(entropy, torch.tensor(reply.entropy), atol=2e-5)


def test_shared_prompts_leave_logits_and_gradients_unchanged(model: LanguageModel) -> None:
    prompts = model.encode(PROMPTS)
    replies = torch.randint(4, 12, (5, 6), generator=torch.Generator().manual_seed(1))
    shared = model.logits(PaddedPrompts.pack(prompts, model.pad_id), replies)
    rows = []
    for prompt, reply in zip(prompts, replies, strict=True):
        ids = torch.cat([torch.tensor(prompt), reply])[None]
        rows.append(model.model(ids).logits[0, len(prompt) - 1 : -1])
    plain = torch.stack(rows)
    assert torch.allclose(shared, plain, atol=2e-5)

    weight = model.model.model.layers[0].self_attn.q_proj.weight
    (ours,) = torch.autograd.grad(shared.square().mean(), weight)
    (theirs,) = torch.autograd.grad(plain.square().mean(), weight)
    assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_selected_prompts_lose_their_needless_padding(model: LanguageModel) -> None:
    packed = PaddedPrompts.pack(model.encode(PROMPTS), model.pad_id)
    assert packed.ids.shape == (4, 6)
    part = packed.select(torch.tensor([1, 4, 1]))
    assert part.ids.shape == (2, 3)
    assert part.index.tolist() == [0, 1, 0]


def test_the_same_stream_gives_the_same_replies(model: LanguageModel) -> None:
    prompts = model.encode(PROMPTS)
    first, second = (model.generate(prompts, Sampling(10), streams(5)) for _ in range(2))
    other = model.generate(prompts, Sampling(10), streams(5, "other"))
    assert first == second
    assert first != other


@pytest.mark.parametrize(
    "sampling", [Sampling(10, top_k=1), Sampling(10, top_p=1e-6), Sampling(10, temperature=1e-4)]
)
def test_narrow_sampling_is_greedy(model: LanguageModel, sampling: Sampling) -> None:
    prompts = model.encode(PROMPTS)
    drawn = model.generate(prompts, sampling, streams(5))
    greedy = model.generate(prompts, Sampling(10, temperature=0))
    assert [r.reply_ids for r in drawn] == [r.reply_ids for r in greedy]


def test_a_prompt_beyond_the_context_is_refused(model: LanguageModel) -> None:
    with pytest.raises(ArenaError, match="exceed the model's 48 tokens"):
        model.generate(model.encode([WORDS * 6]), Sampling(10))


def test_a_saved_model_is_an_ordinary_folder(model: LanguageModel, tmp_path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model.save(tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert type(again).__name__ == "Qwen3ForCausalLM"
    for (name, old), (_, new) in zip(
        model.model.named_parameters(), again.named_parameters(), strict=True
    ):
        assert torch.equal(old, new), name
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer("ant bee")["input_ids"] == list(model.encode(["ant bee"])[0])
    loaded = LanguageModel.load(tmp_path)
    prompts = loaded.encode(PROMPTS)
    greedy = Sampling(8, temperature=0)
    assert loaded.generate(prompts, greedy) == model.generate(prompts, greedy)


def test_a_foreign_folder_is_refused_in_one_line(tmp_path) -> None:
    with pytest.raises(ArenaError, match="holds no Hugging Face model"):
        LanguageModel.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ArenaError, match="cannot be loaded") as caught:
        LanguageModel.load(tmp_path)
    assert "\n" not in str(caught.value)
