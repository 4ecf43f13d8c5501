"""TRL's GRPOTrainer on the same model, prompts and machine."""

import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from arlarena_bench.policy.model_folder import load_folder
from arlarena_bench.recipe import TrainSection

PACKAGES = ("trl", "datasets", "accelerate")
INSTALL = "pip install 'arlarena-bench[peers]'"


def missing() -> list[str]:
    """Return the packages that are not installed."""
    return [name for name in PACKAGES if find_spec(name) is None]


def token_rate(start: Path, prompts: Sequence[str], settings: TrainSection, steps: int) -> float:
    """Return tokens, of prompts and replies, that GRPOTrainer learns from in a CPU second.

    Every step samples `group_size` replies to each prompt, scores them by their length, reads the
    reference where the recipe has a KL penalty, and makes the recipe's number of updates.

    Args:
        start: Folder of the start policy.
        prompts: Distinct prompts, as many as a step takes.
        settings: Sizes, learning rate and KL coefficient.
        steps: Rollouts, of which the first is not counted.
    """
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    model, tokenizer = load_folder(start)
    updates = settings.minibatches * settings.epochs
    rows = len(prompts) * settings.group_size
    marks: list[tuple[float, int]] = []

    def reward(prompts: list[str], completion_ids: list[list[int]], **_: Any) -> list[float]:
        read = sum(len(tokenizer(prompt)["input_ids"]) for prompt in prompts)
        marks.append((time.process_time(), read + sum(map(len, completion_ids))))
        return [float(len(ids)) for ids in completion_ids]

    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(
            output_dir=folder,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            per_device_train_batch_size=rows // settings.minibatches,
            steps_per_generation=settings.minibatches,
            num_iterations=settings.epochs,
            num_generations=settings.group_size,
            max_completion_length=settings.max_new_tokens,
            max_steps=updates * steps,
            temperature=settings.temperature,
            learning_rate=settings.learning_rate,
            beta=settings.kl_coef,
            shuffle_dataset=False,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=reward,
            args=config,
            train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts]),
            processing_class=tokenizer,
        )
        trainer.train()
    # From one scoring to the next lie the updates of the first and the sampling of the second.
    (began, _), *_, (ended, _) = marks
    return sum(tokens for _, tokens in marks[:-1]) / (ended - began)
