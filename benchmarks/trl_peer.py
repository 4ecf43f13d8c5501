"""TRL's GRPOTrainer on the same model, episodes and machine.

It plays the recipe's environment as we do: as many episodes side by side, turn by turn, replies
sampled by its own generation with the recipe's temperature and longest reply. A turn is a row of
its updates, as of ours, and a step has as many rows, minibatches and passes as one of ours, reads
the reference where the recipe has a KL penalty, and has the same float32 weights. Episodes that
end are followed by the next, so that its batches stay full while ours shrink.
"""

import random
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from arlarena_bench.policy.model_folder import load_folder
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import python_stream

PACKAGES = ("trl", "datasets", "accelerate")
INSTALL = "pip install -c constraints.txt -e '.[peers-trl]'"


def missing() -> list[str]:
    """Return the packages that are not installed."""
    return [name for name in PACKAGES if find_spec(name) is None]


class Episodes:
    """Episodes side by side, each followed by one of another task.

    Args:
        recipe: Names the environment and how many are played at once.
        tokenizer: The policy's.
    """

    def __init__(self, recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._tasks: random.Random = python_stream(recipe.seed, "trl")
        count = recipe.train.groups * recipe.train.group_size
        self._environments = [make_environment(recipe) for _ in range(count)]
        self._prompts = [self._begin(environment) for environment in self._environments]

    def _begin(self, environment: Any) -> str:
        task = environment.game.sample_task(self._tasks)
        prompt: str = environment.reset(options={"task_id": task})[0]
        return prompt

    def rows(self, count: int, trainer: Any) -> dict[str, list[Any]]:
        """Play `count` turns with the trainer's policy; return them as its `rollout_func` must."""
        prompt_ids: list[list[int]] = []
        completion_ids: list[list[int]] = []
        earned: list[float] = []
        while len(earned) < count:
            asked = range(min(len(self._environments), count - len(earned)))
            ids = self._tokenizer([self._prompts[number] for number in asked])["input_ids"]
            replies, _ = trainer._generate_single_turn(ids, None, {}, trainer.num_generations)
            texts = self._tokenizer.batch_decode(replies, skip_special_tokens=True)
            for number, text in zip(asked, texts, strict=True):
                environment = self._environments[number]
                prompt, reward, terminated, truncated, _ = environment.step(text)
                ended = terminated or truncated
                self._prompts[number] = self._begin(environment) if ended else prompt
                earned.append(float(reward))
            prompt_ids += ids
            completion_ids += replies
        return {
            "prompt_ids": prompt_ids,
            "completion_ids": completion_ids,
            "logprobs": None,
            "earned": earned,
        }


def token_rate(
    start: Path, recipe: Recipe, turns: int, steps: int, between: Callable[[], None]
) -> float:
    """Return tokens, of prompts and replies, that GRPOTrainer learns from in a CPU second.

    Args:
        start: Folder of the start policy.
        recipe: Of the environment, with sizes, learning rate and KL coefficient.
        turns: Of a step; a multiple of the group size and the number of minibatches is taken.
        steps: Rollouts, of which the first is not counted.
        between: Called before each rollout, its time left out.
    """
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    settings = recipe.train
    model, tokenizer = load_folder(start)
    episodes = Episodes(recipe, tokenizer)
    unit = settings.group_size * settings.minibatches
    rows = unit * max(1, round(turns / unit))
    marks: list[float] = []
    tokens: list[int] = []
    left_out = 0.0

    def rollout(prompts: list[str], trainer: Any) -> dict[str, list[Any]]:
        nonlocal left_out
        marks.append(time.process_time() - left_out)
        between()
        left_out = time.process_time() - marks[-1]
        played = episodes.rows(len(prompts), trainer)
        tokens.append(sum(map(len, played["prompt_ids"] + played["completion_ids"])))
        return played

    def reward(earned: list[float], **_: Any) -> list[float]:
        return earned

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
            max_steps=settings.minibatches * settings.epochs * steps,
            temperature=settings.temperature,
            learning_rate=settings.learning_rate,
            beta=settings.kl_coef,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=reward,
            rollout_func=rollout,
            args=config,
            # As many as make a step; what is asked in their place, the episodes say.
            train_dataset=Dataset.from_list([{"prompt": "-"}] * (rows // settings.group_size)),
            processing_class=tokenizer,
        )
        trainer.train()
    marks.append(time.process_time() - left_out)
    return sum(tokens[1:]) / (marks[-1] - marks[1])
