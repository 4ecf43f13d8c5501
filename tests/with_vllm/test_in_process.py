"""vLLM in this process beside the sampler of the trainer's own model: `make vllm`."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import chi2_contingency
from tiny_models import write_model

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.adapters import AdaptedModel
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.placement import Placement
from arlarena_bench.policy.sampling import Sampling, truncate
from arlarena_bench.policy.vllm_sampler import VllmSampler
from arlarena_bench.recipe import ChatSection, LoraSection, SamplerSection
from arlarena_bench.streams import Stream, torch_stream

pytestmark = pytest.mark.vllm

# The narrowest heads that vLLM's attention takes on a CPU.
HEADS = {"hidden_size": 64, "num_attention_heads": 2, "head_dim": 32}
TIED = HEADS | {"tie_word_embeddings": True}
SETTINGS = SamplerSection(engine="vllm", cache_gib=0.1)
CLOSE = 1e-4  # nats, in single precision
SAMPLING = Sampling(12, temperature=0.7)
STREAMS = [Stream.of("tests", number) for number in range(8)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "qwen3", "Qwen3ForCausalLM", **TIED)


@pytest.fixture(scope="module")
def sampler(folder: Path) -> VllmSampler:
    return VllmSampler(folder, Placement(), ChatSection(), SETTINGS)


@pytest.fixture
def model(folder: Path, sampler: VllmSampler) -> LanguageModel:
    """The model as it lies in the folder, which vLLM plays, too."""
    found = LanguageModel.load(folder)
    sampler.follow(found)
    return found


def prompts_of(model: LanguageModel, words: int = 5) -> list[tuple[int, ...]]:
    ids = torch.randint(
        3, model.vocabulary, (len(STREAMS), words), generator=torch_stream("tests", "prompts")
    )
    return [tuple(row) for row in ids.tolist()]


def move(model: LanguageModel, by: float = 0.1) -> None:
    """Change all weights, as an update would."""
    generator = torch_stream("tests", "moved")
    with torch.no_grad():
        for weight in model.model.parameters():
            weight += by * torch.randn(weight.shape, generator=generator)


def gap(model: LanguageModel, replies: list[Generation], sampling: Sampling) -> float:
    """The largest difference to the log-probabilities of the model, of what the decoder leaves."""
    largest = 0.0
    for reply in replies:
        ids = torch.tensor([[*reply.prompt_ids, *reply.reply_ids]])
        with torch.no_grad():
            logits = model.model(ids).logits[0, len(reply.prompt_ids) - 1 : -1].double()
        probs = truncate((logits / (sampling.temperature or 1.0)).softmax(-1), sampling)
        kept = (probs / probs.sum(-1, keepdim=True)).log()
        own = kept.gather(-1, torch.tensor(reply.reply_ids)[:, None])[:, 0]
        largest = max(largest, (own - torch.tensor(reply.log_probs).double()).abs().max().item())
    return largest


@pytest.mark.parametrize(
    "sampling",
    [SAMPLING, Sampling(12, 1.0), Sampling(12, 0.6, top_p=0.95, top_k=20), Sampling(12, 0.0)],
    ids=str,
)
def test_log_probs_are_the_models(
    sampler: VllmSampler, model: LanguageModel, sampling: Sampling
) -> None:
    replies = sampler.generate(prompts_of(model), sampling, STREAMS)
    assert all(0 < len(reply.log_probs) == len(reply.reply_ids) <= 12 for reply in replies)
    assert gap(model, replies, sampling) < CLOSE


def test_greedy_replies_are_those_of_the_trainer(
    sampler: VllmSampler, model: LanguageModel
) -> None:
    prompts, greedy = prompts_of(model), Sampling(24, temperature=0)
    for _ in range(2):
        ours, theirs = (each.generate(prompts, greedy) for each in (model, sampler))
        assert [reply.reply_ids for reply in theirs] == [reply.reply_ids for reply in ours]
        assert [reply.text for reply in theirs] == [reply.text for reply in ours]
        for own, other in zip(ours, theirs, strict=True):
            assert other.log_probs == pytest.approx(own.log_probs, abs=CLOSE)
            assert (other.prompt_ids, other.entropy) == (own.prompt_ids, ())
        move(model)
        sampler.follow(model)


def test_the_distribution_is_the_trainers(sampler: VllmSampler, model: LanguageModel) -> None:
    prompt, one = prompts_of(model)[0], Sampling(1, temperature=0.7, top_p=0.9, top_k=12)
    streams = [Stream.of("tests", "draws", number) for number in range(2000)]
    drawn = (each.generate([prompt] * len(streams), one, streams) for each in (model, sampler))
    counts = [Counter(reply.reply_ids[0] for reply in replies) for replies in drawn]
    tokens = sorted(counts[0].keys() | counts[1].keys())
    assert 3 < len(tokens) <= 12
    table = [[count[token] for token in tokens] for count in counts]
    assert chi2_contingency(table).pvalue > 1e-3


def test_a_reply_follows_from_its_stream(sampler: VllmSampler, model: LanguageModel) -> None:
    prompts = prompts_of(model)
    first, again = (sampler.generate(prompts, SAMPLING, STREAMS) for _ in range(2))
    assert again == first
    others = sampler.generate(prompts, SAMPLING, [stream.sub("other") for stream in STREAMS])
    assert sum(a.reply_ids != b.reply_ids for a, b in zip(first, others, strict=True)) > 4
    alone = [sampler.generate([p], SAMPLING, [s])[0] for p, s in zip(prompts, STREAMS, strict=True)]
    assert [reply.reply_ids for reply in alone] == [reply.reply_ids for reply in first]


def test_more_prompts_than_are_read_at_once(sampler: VllmSampler, model: LanguageModel) -> None:
    prompts = prompts_of(model, words=400)
    prompts += [prompt[::-1] for prompt in prompts]
    assert sum(map(len, prompts)) > 4096
    streams = [Stream.of("tests", "many", number) for number in range(len(prompts))]
    assert gap(model, sampler.generate(prompts, SAMPLING, streams), SAMPLING) < CLOSE


def test_a_reply_ends_with_its_end_token(sampler: VllmSampler, model: LanguageModel) -> None:
    replies = sampler.generate(prompts_of(model), Sampling(200, temperature=1.5), STREAMS)
    ended = [reply for reply in replies if len(reply.reply_ids) < 200]
    assert ended
    (end,) = model.end_ids
    assert all(reply.reply_ids.index(end) == len(reply.reply_ids) - 1 for reply in ended)
    assert all(len(reply.log_probs) == len(reply.reply_ids) for reply in ended)


def test_a_reply_ends_where_nothing_further_counts(
    sampler: VllmSampler, model: LanguageModel
) -> None:
    prompts, long = prompts_of(model), Sampling(40, temperature=0.7)
    whole = sampler.generate(prompts, long, STREAMS)

    def three_words(text: str) -> bool:
        return len(text.split()) >= 3

    told = [three_words, None] * (len(prompts) // 2)
    cut = sampler.generate(prompts, long, STREAMS, told)
    for before, after, tells in zip(whole, cut, told, strict=True):
        count = len(after.reply_ids)
        assert after.reply_ids == before.reply_ids[:count]
        assert after.log_probs == pytest.approx(before.log_probs[:count], abs=CLOSE)
        if tells is None:
            assert count == len(before.reply_ids)
        else:
            assert three_words(after.text) or after.reply_ids[-1] in model.end_ids
            assert not three_words(model.texts([after.reply_ids[:-1]])[0])
    assert sum(len(a.reply_ids) < len(b.reply_ids) for a, b in zip(cut, whole, strict=True)) > 1
    # Nothing is left of replies that were broken off.
    assert sampler.generate(prompts, long, STREAMS) == whole
    greedy = Sampling(40, temperature=0)
    ours, theirs = (each.generate(prompts, greedy, (), told) for each in (model, sampler))
    assert [reply.reply_ids for reply in theirs] == [reply.reply_ids for reply in ours]


@pytest.mark.parametrize("forgets", [True, False])
def test_no_keys_and_values_outlive_their_weights(
    sampler: VllmSampler,
    model: LanguageModel,
    monkeypatch: pytest.MonkeyPatch,
    forgets: bool,
) -> None:
    from arlarena_bench.policy.vllm_engine import VllmEngine

    # Several blocks of the cache, which hold 128 tokens each.
    prompts = prompts_of(model, words=400)
    assert gap(model, sampler.generate(prompts, SAMPLING, STREAMS), SAMPLING) < CLOSE
    move(model)
    with monkeypatch.context() as patch:
        if not forgets:  # shows that this test sees what it is for
            patch.setattr(VllmEngine, "forget", lambda self: None)
        sampler.follow(model)
    found = gap(model, sampler.generate(prompts, SAMPLING, STREAMS), SAMPLING)
    assert (found < CLOSE) == forgets


def test_adapters_are_handed_over_merged(
    sampler: VllmSampler, model: LanguageModel, tmp_path: Path
) -> None:
    adapted = AdaptedModel(model, LoraSection(rank=4, alpha=8), seed=0)
    move(adapted)
    sampler.follow(adapted)
    assert gap(adapted, sampler.generate(prompts_of(model), SAMPLING, STREAMS), SAMPLING) < CLOSE
    adapted.save(tmp_path)
    merged = dict(LanguageModel.load(tmp_path).weights())
    handed = dict(adapted.weights())
    assert handed.keys() == merged.keys()
    assert all(torch.allclose(weight, merged[name], atol=1e-6) for name, weight in handed.items())


def test_weights_of_other_names_go_through_a_folder(
    sampler: VllmSampler, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler, "_by_name", False)
    monkeypatch.setattr(model, "weights", None)
    prompts = prompts_of(model)
    move(model)
    sampler.follow(model)
    assert gap(model, sampler.generate(prompts, SAMPLING, STREAMS), SAMPLING) < CLOSE


def test_weights_that_have_diverged_are_one_line(
    sampler: VllmSampler, model: LanguageModel
) -> None:
    with torch.no_grad():
        next(model.model.parameters())[:] = float("nan")
    sampler.follow(model)
    with pytest.raises(ArenaError, match="logits are NaN or infinite; its weights have diverged"):
        sampler.generate(prompts_of(model), SAMPLING, STREAMS)


def test_a_prompt_beyond_the_context_is_one_line(
    sampler: VllmSampler, model: LanguageModel
) -> None:
    with pytest.raises(ArenaError, match="a prompt of 505 tokens and a reply of 12 exceed"):
        sampler.generate(prompts_of(model, words=505), SAMPLING, STREAMS)


def test_a_model_whose_output_layer_shares_nothing(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "LlamaForCausalLM", **HEADS)
    other, model = (
        VllmSampler(folder, Placement(), ChatSection(), SETTINGS),
        LanguageModel.load(folder),
    )
    move(model)
    replies = other.follow(model).generate(prompts_of(model), SAMPLING, STREAMS)
    assert gap(model, replies, SAMPLING) < CLOSE


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("Qwen3ForCausalLM", {}, "head_dim=8"),
        ("BertLMHeadModel", HEADS, "no module or parameter named 'cls'"),
    ],
)
def test_a_model_that_vllm_cannot_play_is_one_line(
    name: str, settings: dict[str, Any], said: str, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "model", name, **settings)
    with pytest.raises(ArenaError, match=said) as caught:
        VllmSampler(folder, Placement(), ChatSection(), SETTINGS)
    assert "\n" not in str(caught.value)


def test_too_little_room_is_one_line(folder: Path) -> None:
    settings = SamplerSection(engine="vllm", cache_gib=1e-6)
    with pytest.raises(ArenaError, match=r"sampler\.cache_gib") as caught:
        VllmSampler(folder, Placement(), ChatSection(), settings)
    assert "\n" not in str(caught.value)


def test_a_smaller_context_is_kept(folder: Path) -> None:
    settings = SamplerSection(engine="vllm", cache_gib=0.1, context=40)
    small = VllmSampler(folder, Placement(), ChatSection(), settings)
    prompt = (5, 6, 7)
    (reply,) = small.generate([prompt], Sampling(37, temperature=0))
    assert reply.prompt_ids == prompt
    with pytest.raises(ArenaError, match="exceed the model's 40 tokens"):
        small.generate([prompt], Sampling(38, temperature=0))
