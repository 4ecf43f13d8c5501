"""What learning a real model takes on a GPU, beside what `arlarena train --dry-run` says of it.

Run with `python -m benchmarks.gpu Qwen3-4B` on a machine with a GPU. The model has random weights
in its published shape, so that nothing is fetched; memory and time are those of the trained one. A
rollout of one minibatch is learnt from, twice: the second time is measured, when Adam's moments
are there. Printed are the memory that each part holds, measured and by the dry run's model, the
tokens a second of the update and of the reference, and the shares of the GPU's peak that these are
(a parameter and token counts 6 and 2 operations, as in `arlarena reproduce --tier paper`).
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from tabulate import tabulate
from transformers import AutoConfig, AutoModelForCausalLM

from arlarena_bench import installed
from arlarena_bench.harness.dry_run import architectures, sizes_of
from arlarena_bench.harness.gpu_hours import FORWARD, TRAINED, gpu_model
from arlarena_bench.harness.gpu_memory import GIB, Work, update_memory
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.nano import train_tokenizer
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.policy.token_statistics import AT_ONCE
from arlarena_bench.policy.trainable_model import TrainableModel
from arlarena_bench.recipe import TrainSection
from arlarena_bench.streams import torch_stream
from arlarena_bench.training.update import Learner

DEVICE = "cuda"
PROMPT, REPLY = 300, 212


@dataclass(frozen=True)
class Measured:
    """Bytes that each part of an update holds, and seconds that its passes take."""

    held: dict[str, int]
    update: float
    reference: float


def build(config: Any) -> LanguageModel:
    """Return a model with random weights on the GPU, which computes layers twice in updates."""
    with torch.device(DEVICE):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    built = LanguageModel(model.eval(), train_tokenizer(["a b c"], "[a-z]"))
    built.recompute_layers()
    return built


def rollout(count: int, vocabulary: int) -> Rows:
    """Return rows of random tokens, each with a prompt of its own."""
    generator = torch_stream(0, "gpu")
    drawn = torch.randint(vocabulary, (count, PROMPT + REPLY), generator=generator)
    prompts = PaddedPrompts.pack([tuple(row[:PROMPT].tolist()) for row in drawn], 0)
    return Rows(prompts, drawn[:, PROMPT:], torch.ones(count, REPLY), torch.zeros(count, REPLY))


def measure(config: Any, rows: Rows, settings: TrainSection) -> Measured:
    """Learn from one minibatch, twice, and look at the memory meanwhile."""
    held: dict[str, int] = {}
    last = torch.cuda.memory_allocated()

    def mark(part: str) -> None:
        nonlocal last
        now = torch.cuda.memory_allocated()
        held[part], last = now - last, now

    policy = build(config)
    mark("weights")
    reference = TrainableModel(policy.copy(), settings)
    mark("reference policy")
    learner = Learner(
        TrainableModel(policy, settings), reference, installed.method("grpo"), settings
    )
    advantages = torch.randn(rows.mask.shape, generator=torch_stream(0, "advantages"))

    def learn() -> None:
        learner.update(rows, advantages, kept, torch_stream(0, "minibatches"))

    kept = learner.reference_log_probs(rows)
    learn()
    mark("optimiser, float32")
    torch.cuda.reset_peak_memory_stats()
    update = _seconds(learn)
    held["gradients and activations"] = torch.cuda.max_memory_allocated() - last
    return Measured(held, update, _seconds(lambda: learner.reference_log_probs(rows)))


def _seconds(call: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    began = time.perf_counter()
    call()
    torch.cuda.synchronize()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("model", choices=sorted(architectures()))
    parser.add_argument("--rows", type=int, default=64, help="of a minibatch, 512 tokens each")
    parser.add_argument("--at-once", type=int, default=16_384, help="tokens of a micro-batch")
    asked = parser.parse_args()
    if not torch.cuda.is_available():
        parser.exit(1, "error: torch finds no GPU on this machine\n")
    config = AutoConfig.for_model(**architectures()[asked.model])
    settings = TrainSection(
        minibatches=1, epochs=1, micro_batch_tokens=asked.at_once, kl_coef=0.01, warmup=1
    )
    sizes = sizes_of(config)
    measured = measure(config, rollout(asked.rows, sizes.vocabulary), settings)
    work = Work(
        trained=sizes.parameters,
        weight_bytes=2,
        read_tokens=asked.at_once,
        logit_tokens=max(1, AT_ONCE // sizes.vocabulary),
        checkpointing=True,
        adapters=False,
        cached_tokens=0,
        gpus=1,
    )
    print(
        f"{asked.model}, random weights, {torch.cuda.get_device_name()}, torch {torch.__version__}"
    )
    print(f"{asked.rows} rows of {PROMPT} + {REPLY} tokens, {asked.at_once:,} tokens at once\n")
    _print_memory(measured.held, update_memory(sizes, work))
    _print_time(measured, asked.rows * (PROMPT + REPLY), sizes.parameters)


def _print_memory(measured: dict[str, int], planned: dict[str, float]) -> None:
    for name, found in (("measured", measured), ("by the dry run's model", planned)):
        rows = [[part, f"{size / GIB:.1f}"] for part, size in found.items() if size]
        rows.append(["together", f"{sum(found.values()) / GIB:.1f}"])
        print(tabulate(rows, [name, "GiB"], "github", disable_numparse=True), end="\n\n")


def _print_time(measured: Measured, tokens: int, parameters: int) -> None:
    model = gpu_model()
    rows = [
        [
            name,
            f"{tokens / seconds:,.0f}",
            f"{tokens * parameters * operations / seconds / model.flops:.0%}",
            f"{model.busy.updates:.0%}",
        ]
        for name, seconds, operations in (
            ("update", measured.update, TRAINED),
            ("reference", measured.reference, FORWARD),
        )
    ]
    peak = f"of {model.flops / 1e12:,.0f} TFLOP/s"
    print(tabulate(rows, ["pass", "tokens/s", peak, "assumed"], "github", disable_numparse=True))


if __name__ == "__main__":
    main()
