"""The fused forward pass against the library's: logits, log-probabilities, gradients."""

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

from arlarena_bench.policy import qwen3
from arlarena_bench.policy.library import LibraryDecoder
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.qwen3 import Qwen3Decoder

SIZES = {"vocab_size": 40, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3}
PROMPTS = [(2, 5, 7, 9), (3, 4), (2, 5, 7, 9), (8, 9, 10, 11, 12, 13), (6, 6, 6)]
EVEN = [(2, 5, 7, 9), (3, 4, 5, 6), (2, 5, 7, 9)]


def model(heads: int = 4, keys: int = 2, **changes: object) -> Qwen3ForCausalLM:
    """A model whose norms and projections are far from their initial values."""
    config = Qwen3Config(
        **SIZES, num_attention_heads=heads, num_key_value_heads=keys, head_dim=16,
        max_position_embeddings=64, **changes,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        made = Qwen3ForCausalLM(config)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in made.parameters():
            spread = torch.randn(weight.shape, generator=generator)
            weight.copy_(0.2 * spread if weight.dim() > 1 else 1 + 0.3 * spread)
    return made.eval()


def replies(rows: int) -> Tensor:
    return torch.randint(40, (rows, 5), generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(("heads", "keys"), [(4, 2), (4, 4), (4, 1)])
@pytest.mark.parametrize("prompts", [PROMPTS, EVEN], ids=["padded", "even"])
@pytest.mark.parametrize("tied", [True, False])
def test_logits_and_gradients_are_the_librarys(
    heads: int, keys: int, prompts: list[tuple[int, ...]], tied: bool
) -> None:
    made = model(heads, keys, tie_word_embeddings=tied)
    assert Qwen3Decoder.covers(made)
    packed, said = PaddedPrompts.pack(prompts, 0), replies(len(prompts))
    gradients = []
    answers = []
    for decoder in (Qwen3Decoder(made), LibraryDecoder(made)):
        logits = decoder.logits(packed, said)
        chosen = logits.log_softmax(-1).gather(-1, said[..., None])
        made.zero_grad()
        chosen.mean().backward()  # type: ignore[no-untyped-call]
        answers.append((logits, chosen))
        gradients.append({name: p.grad for name, p in made.named_parameters()})
    for ours, theirs in zip(*answers, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("prompts", [PROMPTS, EVEN], ids=["padded", "even"])
def test_long_prompts_are_read_by_the_librarys_kernel(
    prompts: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, said = PaddedPrompts.pack(prompts, 0), replies(len(prompts))
    written_out = Qwen3Decoder(model()).logits(packed, said)
    monkeypatch.setattr(qwen3, "FEW_SCORES", 0)
    by_kernel = Qwen3Decoder(model()).logits(packed, said)
    torch.testing.assert_close(written_out, by_kernel, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("prompts", [PROMPTS, EVEN], ids=["padded", "even"])
@torch.inference_mode()
def test_steps_are_the_librarys_while_rows_leave(prompts: list[tuple[int, ...]]) -> None:
    made = model()
    packed, said = PaddedPrompts.pack(prompts, 0), replies(len(prompts))
    ours = Qwen3Decoder(made).start(packed, 5)
    theirs = LibraryDecoder(made).start(packed, 5)
    for place in range(5):
        tokens = said[:, place : place + 1]
        torch.testing.assert_close(ours.step(tokens), theirs.step(tokens), rtol=1e-5, atol=1e-5)
        if place in (1, 3):
            left = torch.arange(len(said) - 1)
            said = said[left]
            ours.select(left)
            theirs.select(left)


def test_weights_that_change_are_seen() -> None:
    made, packed = model(), PaddedPrompts.pack(EVEN, 0)
    decoder = Qwen3Decoder(made)
    before = decoder.logits(packed, replies(3))
    with torch.no_grad():
        made.model.layers[1].input_layernorm.weight.add_(0.5)
    after = decoder.logits(packed, replies(3))
    assert not torch.allclose(before, after, atol=1e-2)
    torch.testing.assert_close(
        after, LibraryDecoder(made).logits(packed, replies(3)), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"attention_bias": True},
        {"attention_dropout": 0.1},
        {"hidden_act": "gelu"},
        {"layer_types": ["full_attention", "sliding_attention", "full_attention"],
         "use_sliding_window": True, "sliding_window": 3},
        {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_other_forms_are_left_to_the_library(changes: dict[str, object]) -> None:
    assert not Qwen3Decoder.covers(model(**changes))


def test_other_architectures_are_left_to_the_library() -> None:
    assert not Qwen3Decoder.covers(LlamaForCausalLM(LlamaConfig(**SIZES, num_attention_heads=4)))
