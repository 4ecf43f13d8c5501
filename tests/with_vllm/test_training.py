"""Training with replies that vLLM samples, and evaluation with it."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from relay import relay_recipe

from arlarena_bench import Batch
from arlarena_bench.engines.local import train, train_until
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import comparable
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import start_policy

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


def test_a_method_that_reads_entropies_has_those_of_the_trainer(
    sokoban: Recipe, start: Path
) -> None:
    seen: list[Batch] = []
    trainers = [
        Trainer(sokoban.for_run("empg", 0, values), start)
        for values in (VLLM | {"train.top_p": 0.9}, {})
    ]
    for trainer in trainers:
        credit = trainer.method.advantages

        def noted(batch: Batch, credit: Any = credit) -> torch.Tensor:
            seen.append(batch)
            return credit(batch)

        object.__setattr__(trainer.method, "advantages", noted)
        trainer.step(1)
    ours, theirs = seen
    assert ((ours.entropy > 0) == (ours.mask > 0)).float().mean() > 0.99
    # The first tokens of the same states: every reply of the first turn begins in one.
    first = {(batch.anchor[0]): batch.entropy[0, 0].item() for batch in (ours, theirs)}
    assert len(first) == 1
    assert ours.entropy[0, 0].item() == pytest.approx(theirs.entropy[0, 0].item(), abs=1e-4)


def test_what_the_decoder_leaves_out_is_part_of_the_gap(sokoban: Recipe, start: Path) -> None:
    values = VLLM | {"train.top_k": 2, "train.temperature": 1.5, "train.tis_cap": 2.0}
    trainer = Trainer(sokoban.for_run("grpo", 0, values), start)
    metrics, _ = trainer.step(1)
    # π_old of the whole distribution is below that of two tokens alone.
    assert metrics["sampler/kl"] > 1e-4
    assert metrics["sampler/ratio_max"] <= 1 + CLOSE
    assert metrics["ratio/max"] < 10


def test_conversations_keep_every_token(tmp_path: Path) -> None:
    values = {"model.hidden_size": 64, "model.head_dim": 32, "cloning.clean_steps": 120}
    recipe = relay_recipe(**values).for_run("grpo", 0, VLLM)
    trainer = Trainer(recipe, start_policy(recipe))
    metrics = [trainer.step(step)[0] for step in (1, 2)]
    assert max(gaps(metrics)) < CLOSE
    assert all(step["length/train"] > 1 for step in metrics)


def test_an_evaluation_gives_the_same_greedy_replies(sokoban: Recipe, start: Path) -> None:
    played = [
        score_policy(
            str(start), "nano", "sokoban", "test", 8, decoder="greedy", settings=list(settings)
        )
        for settings in ((), ("sampler.engine=vllm", "sampler.cache_gib=0.1"))
    ]
    ours, theirs = (result.main for result in played)
    assert theirs.summary == ours.summary
    assert [e.turns for e in theirs.episodes] == [e.turns for e in ours.episodes]
    assert comparable(*played) == [
        f"recipe sampler.engine is transformers in {start.name} seed 0 and vllm in {start.name} "
        "seed 0"
    ]
