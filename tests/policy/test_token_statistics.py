"""What is read in chunks, with layers computed twice or on a grid of 16 bits, is the model's."""

from pathlib import Path

import pytest
import torch
from signpost import signpost_recipe
from tiny_models import DECODERS, write_model
from torch import Tensor

from arlarena_bench.policy.base import TokenStats
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.policy.trainable_model import TrainableModel

WORDS = ["push the box", "#", "push the box", "one box right , up and down #"]
CAPPED = {"Gemma2ForCausalLM": {"final_logit_softcapping": 2.0}}


def rows_of(model: LanguageModel, tokens: int = 5) -> Rows:
    prompts = PaddedPrompts.pack(model.encode(WORDS), model.pad_id)
    generator = torch.Generator().manual_seed(0)
    replies = torch.randint(5, 30, (len(WORDS), tokens), generator=generator)
    return Rows(prompts, replies, torch.ones(replies.shape), torch.zeros(replies.shape))


def read(model: LanguageModel, rows: Rows, at_once: int, mode: bool = False) -> TokenStats:
    """Statistics with their gradient left in the model's weights."""
    settings = signpost_recipe(**{"train.entropy_coef": 0.1, "train.temperature": 0.7}).train
    trained = TrainableModel(model, settings, at_once)
    trained.train(mode)
    model.model.zero_grad()
    stats = trained.token_stats(rows, grad=True)
    (stats.log_probs.sum() + 0.3 * stats.entropy.sum()).backward()
    trained.train(False)
    assert torch.allclose(
        trained.token_stats(rows, grad=False).log_probs, stats.log_probs, atol=1e-4
    )
    return stats


def gradient(model: LanguageModel) -> Tensor:
    found = [p.grad.flatten() for p in model.model.parameters() if p.grad is not None]
    return torch.cat(found).clone()


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_chunks_and_layers_computed_twice_change_nothing(tmp_path: Path, name: str) -> None:
    settings = CAPPED.get(name, {})
    model = LanguageModel.load(write_model(tmp_path, name, **settings))
    rows = rows_of(model)
    whole = read(model, rows, 10**9)
    expected = gradient(model)
    assert model.decoder.states(rows.prompts, rows.replies) is not None
    in_chunks = read(model, rows, 7 * model.vocabulary)
    assert torch.allclose(in_chunks.log_probs, whole.log_probs, atol=1e-5)
    assert torch.allclose(in_chunks.entropy, whole.entropy, atol=1e-5)
    assert torch.allclose(gradient(model), expected, rtol=1e-3, atol=1e-4)
    model.recompute_layers()
    twice = read(model, rows, 7 * model.vocabulary, mode=True)
    assert torch.allclose(twice.log_probs, whole.log_probs, atol=1e-4)
    assert torch.allclose(gradient(model), expected, rtol=1e-2, atol=1e-3)


def test_no_chunk_holds_more_logits_than_asked(tmp_path: Path) -> None:
    model = LanguageModel.load(write_model(tmp_path, "LlamaForCausalLM"))
    rows, seen = rows_of(model), []
    model.model.lm_head.register_forward_hook(lambda *call: seen.append(call[2].numel()))
    read(model, rows, 7 * model.vocabulary)
    assert max(seen[4:]) <= 7 * model.vocabulary  # behind those of the probe
    assert sum(seen[4:]) >= 2 * rows.replies.numel() * model.vocabulary
