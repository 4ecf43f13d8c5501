"""Training with replies that vLLM samples."""

import json
from pathlib import Path
from typing import Any

import pytest

from arlarena_bench.engines.local import train, train_until
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.loop import Trainer

pytestmark = pytest.mark.vllm

VLLM = {"sampler.engine": "vllm", "sampler.cache_gib": 0.1}
CLOSE = 1e-4  # nats, in single precision


def gaps(metrics: list[dict[str, Any]]) -> list[float]:
    return [step["sampler/gap_max"] for step in metrics if "sampler/gap_max" in step]


def test_a_run_measures_the_gap_at_every_step_and_goes_on_where_it_was(
    sokoban: Recipe, start: Path, tmp_path: Path
) -> None:
    recipe = sokoban.for_run("grpo", 0, VLLM | {"train.tis_cap": 2.0})
    result = train(recipe, tmp_path / "whole")
    metrics = [json.loads(line) for line in (tmp_path / "whole/metrics.jsonl").open()]
    assert len(gaps(metrics)) == 3
    assert max(gaps(metrics)) < CLOSE
    for step in metrics[1:]:
        assert 0 <= step["sampler/kl"] < 1e-8
        assert step["sampler/ess"] == pytest.approx(1, abs=1e-6)
        assert step["sampler/truncated"] == 0
        assert step["entropy"] > 0
    # What vLLM was given is not what it began with.
    assert metrics[-1]["kl_ref"] > 1e-3
    train_until(recipe, tmp_path / "parts", 1)
    again = train(recipe, tmp_path / "parts", resume=True)
    assert again.policy == result.policy
    assert again.scores == result.scores


def test_adapters_are_trained_with_it(sokoban: Recipe, start: Path, tmp_path: Path) -> None:
    begun = {"checkpoint": {"ref": str(start), "lora": {"rank": 4, "alpha": 8}}}
    values = {"start": begun, "train.kl_coef": 0.0, "train.learning_rate": 1e-2}
    recipe = sokoban.for_run("sampo", 0, VLLM | values)
    trainer = Trainer(recipe, start)
    metrics = [trainer.step(step)[0] for step in (1, 2, 3)]
    assert max(gaps(metrics)) < CLOSE
    assert metrics[-1]["kl_ref"] > 0
