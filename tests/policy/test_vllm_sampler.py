"""vLLM where it is not; `make vllm` runs the tests where it is."""

import sys
from pathlib import Path

import pytest
from tiny_models import write_model

from arlarena_bench import ArenaError
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.policy.adapters import AdaptedModel
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.recipe import LoraSection


def test_an_absent_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.delitem(sys.modules, "arlarena_bench.policy.vllm_engine", raising=False)
    folder = write_model(tmp_path, "LlamaForCausalLM")
    settings = ["sampler.engine=vllm"]
    with pytest.raises(ArenaError, match=r"pip install 'arlarena-bench\[vllm\]'") as caught:
        score_policy(str(folder), "nano", "sokoban", "test", 1, settings=settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tied", [True, False])
def test_weights_go_by_the_names_of_the_folder(tmp_path: Path, tied: bool) -> None:
    folder = write_model(tmp_path / "a", "Qwen3ForCausalLM", tie_word_embeddings=tied)
    model = LanguageModel.load(folder)
    names = [name for name, _ in model.weights()]
    assert "lm_head.weight" in names  # a layer of its own, whoever shares it
    adapted = AdaptedModel(model, LoraSection(rank=2, alpha=4), seed=0)
    assert [name for name, _ in adapted.weights()] == names
