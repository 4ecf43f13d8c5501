"""What a run of a real model needs, found without its weights: `arlarena train --dry-run`."""

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import torch
import yaml
from tabulate import tabulate
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    PretrainedConfig,
    PreTrainedTokenizerBase,
)

from arlarena_bench import installed
from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.gpu_hours import Load, gpu_model
from arlarena_bench.harness.gpu_memory import GIB, Sizes, Work, sampling_memory, update_memory
from arlarena_bench.policy.chat import Chat
from arlarena_bench.policy.model_folder import load_tokenizer, quiet
from arlarena_bench.policy.model_source import find_model
from arlarena_bench.policy.scripted import ExpertPlayer, RandomPlayer
from arlarena_bench.policy.token_statistics import AT_ONCE
from arlarena_bench.recipe import CheckpointSection, Recipe
from arlarena_bench.report.comparison import REPRODUCTION
from arlarena_bench.streams import Stream
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import check_method

TASKS = 8  # of validation, played by the expert and by chance
LETTERS = 4  # characters a token where no tokenizer is at hand
REPLY_SHARE = 0.5  # of the longest reply, where nothing is assumed of an environment


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run would get: so many GPUs, each with so many GiB."""

    gpus: int
    memory: float


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of real prompts in tokens, mean turns an episode, and who has counted."""

    tokens: list[int]
    turns: float
    counted: str


class DryRun:
    """A run that is planned and not made.

    The model is built on torch's meta device, from its own configuration where that is on this
    machine, else from a published one. Real prompts are counted by its tokenizer.

    Args:
        recipe: Of one run.
        machine: Weights, gradients and optimiser are shared out evenly over its GPUs, as FSDP does.
        tokenizer: Folder of a tokenizer, where the model's own files are not here.

    Raises:
        ArenaError: If the recipe begins from no checkpoint, its model is not known, or its method
            cannot learn from the environment's rows.
    """

    def __init__(self, recipe: Recipe, machine: Machine, tokenizer: Path | None = None) -> None:
        self.recipe, self.machine = recipe, machine
        self._checkpoint = _checkpoint(recipe)
        self._arena = Arena(recipe)
        method = installed.method(recipe.method.name, **recipe.method.options)
        check_method(method, recipe, self._arena)
        self.sizes, self._built_from = _sizes(self._checkpoint)
        self.prompts = self._lengths(tokenizer)
        limit = recipe.protocol.chat.max_prompt_tokens
        longest = max(self.prompts.tokens)
        self._longest = (longest if limit is None else min(limit, longest)) + (
            recipe.train.max_new_tokens
        )
        work = self._work()
        self.held = {
            "learning": update_memory(self.sizes, work),
            "playing": sampling_memory(self.sizes, work),
        }

    def check_fits(self) -> None:
        """Refuse what the GPUs cannot hold.

        Raises:
            ArenaError: One line that says what takes most of the memory.
        """
        for phase, parts in self.held.items():
            needed = sum(parts.values()) / GIB
            if needed > self.machine.memory:
                largest = max(parts, key=lambda part: parts[part])
                raise ArenaError(
                    f"{phase} needs {needed:.0f} GiB on each of {self.machine.gpus} GPUs of "
                    f"{self.machine.memory:g} GiB, {parts[largest] / GIB:.0f} of them for "
                    f"{largest}: give more --gpus, set start.checkpoint.lora, or lower "
                    "train.micro_batch_tokens"
                )

    def text(self) -> str:
        """Return all that was found, for people."""
        return "\n\n".join([self._run(), self._prompts(), self._memory(), self._cost()])

    def _lengths(self, folder: Path | None) -> Lengths:
        """Play a few tasks with two scripts, and count what a model would read first."""
        tasks = self._arena.game.tasks.panel("validation").first(TASKS)
        streams = [Stream.of(self.recipe.seed, "dry run").sub(task) for task in tasks]
        episodes: list[Episode] = []
        for player in (ExpertPlayer(), RandomPlayer()):
            episodes += self._arena.play(player, tasks, range(len(tasks)), streams)
        # A conversation is one row; its first prompt is what the limit is about.
        shown = [e.turns[:1] if e.transcript else e.turns for e in episodes]
        texts = [turn.prompt for turns in shown for turn in turns]
        turns = fmean(len(episode.turns) for episode in episodes)
        tokenizer = self._tokenizer(folder)
        if tokenizer is None:
            counts = [len(text) // LETTERS for text in texts]
            return Lengths(counts, turns, f"at {LETTERS} characters a token: no tokenizer is here")
        found = Chat(tokenizer, self.recipe.protocol.chat).prompts(texts)
        return Lengths([len(ids) for ids in found], turns, "by its tokenizer and chat template")

    def _tokenizer(self, folder: Path | None) -> PreTrainedTokenizerBase | None:
        if folder is None:
            folder = find_model(self._checkpoint.ref, self._checkpoint.revision)
        return None if folder is None else load_tokenizer(folder)

    def _work(self) -> Work:
        train, lora = self.recipe.train, self._checkpoint.lora
        episodes = train.groups * train.group_size
        whole = train.minibatch_rows or episodes // train.minibatches
        turns = self.prompts.turns if self._arena.game.transcript else 1.0
        return Work(
            trained=self.sizes.parameters if lora is None else self.sizes.adapters(lora.rank),
            weight_bytes=4 if self._checkpoint.dtype == "float32" else 2,
            read_tokens=max(self._longest, train.micro_batch_tokens or whole * self._longest),
            logit_tokens=max(1, AT_ONCE // self.sizes.vocabulary),
            checkpointing=self._checkpoint.gradient_checkpointing,
            adapters=lora is not None,
            cached_tokens=int(self._longest * turns),
            gpus=self.machine.gpus,
        )

    def _load(self) -> Load:
        """Return what the run is taken to be."""
        train = self.recipe.train
        assumed = gpu_model().assumed(self.recipe.environment.name)
        reply = assumed.reply if assumed else REPLY_SHARE * train.max_new_tokens
        prompt = fmean(self.prompts.tokens)
        return Load.of(train, self.prompts.turns, prompt, min(reply, train.max_new_tokens))

    def _run(self) -> str:
        recipe, checkpoint, train = self.recipe, self._checkpoint, self.recipe.train
        options = "".join(f", {name} {value}" for name, value in recipe.method.options.items())
        parts = f"{train.minibatches} minibatches"
        if train.minibatch_rows is not None:
            parts = f"minibatches of {train.minibatch_rows} rows"
        trained = "adapters" if checkpoint.lora else "all weights"
        lines = [
            f"{recipe.name}.{recipe.environment.name}, {recipe.method.name}{options}",
            f"- {checkpoint.ref}: {self.sizes.parameters:,} parameters, {self.sizes.layers} layers "
            f"({self._built_from}), {checkpoint.dtype}, {trained} trained",
            f"- {train.iterations} steps of {train.groups} tasks × {train.group_size} episodes, "
            f"{parts}, learning rate {train.learning_rate:g}, KL {train.kl_coef:g}",
        ]
        return "\n".join(lines)

    def _prompts(self) -> str:
        ordered = sorted(self.prompts.tokens)
        limit = self.recipe.protocol.chat.max_prompt_tokens
        cut = 0 if limit is None else sum(length > limit for length in ordered)
        high = ordered[int(0.95 * (len(ordered) - 1))]
        return (
            f"{len(ordered)} prompts of {TASKS} tasks, played by expert and chance, "
            f"{self.prompts.counted}: median {median(ordered):.0f} tokens, 95 % {high}, longest "
            f"{ordered[-1]}; limit {limit or 'none'}, {cut} would lose their middle"
        )

    def _memory(self) -> str:
        rows = [
            [phase, part, f"{size / GIB:.1f}"]
            for phase, parts in self.held.items()
            for part, size in [*parts.items(), ("together", sum(parts.values()))]
            if size
        ]
        headers = ["while", "what", f"GiB on each of {self.machine.gpus}"]
        playing = self.held["playing"]
        row = playing["keys and values of an episode"]
        room = self.machine.memory * GIB - sum(playing.values()) + row
        train = self.recipe.train
        at_once = min(max(0, int(room / row)) * self.machine.gpus, train.groups * train.group_size)
        align = ("left", "left", "right")
        table = tabulate(rows, headers, "simple", colalign=align, disable_numparse=True)
        return f"{table}\n\n{at_once} of {train.groups * train.group_size} episodes at once"

    def _cost(self) -> str:
        load, model, gpus = self._load(), gpu_model(), self.machine.gpus
        hours = model.hours_of(load, self.sizes.parameters, self.recipe.method.name)
        prompts, replies = load.rows * load.prompt, load.rows * load.reply
        return (
            f"about {load.rows:,.0f} turns ({self.prompts.turns:.1f} an episode, as of the two "
            f"scripts), {prompts:,.0f} tokens of prompts, {replies:,.0f} of replies "
            f"({load.reply:g} each, assumed)\n"
            f"about {hours:,.0f} GPU-hours of {model.device}, {hours / gpus:,.0f} hours on "
            f"{gpus}, by the model of `arlarena reproduce --tier paper`"
        )


def _checkpoint(recipe: Recipe) -> CheckpointSection:
    if recipe.start.checkpoint is None:
        raise ArenaError(
            f"preset {recipe.name} begins from no checkpoint (start.checkpoint), so it has no real "
            "model to plan for; leave out --dry-run"
        )
    return recipe.start.checkpoint


def _sizes(checkpoint: CheckpointSection) -> tuple[Sizes, str]:
    """Build the model without weights; return its sizes, and where its configuration is from."""
    folder = find_model(checkpoint.ref, checkpoint.revision)
    if folder is not None:
        with quiet():
            config = AutoConfig.from_pretrained(folder, local_files_only=True)
        said = "its own files"
    else:
        known = architectures()
        name = next((name for name in known if name in checkpoint.ref), None)
        if name is None:
            raise ArenaError(
                f"{checkpoint.ref} is not on this machine, and its name tells no architecture that "
                f"is known here ({', '.join(known)}); give its folder as start.checkpoint.ref"
            )
        config, said = AutoConfig.for_model(**known[name]), f"{name} as published"
    return sizes_of(config), said


def architectures() -> dict[str, dict[str, Any]]:
    """Return the published configurations that are known here, by their model's name."""
    known: dict[str, dict[str, Any]] = yaml.safe_load(
        (REPRODUCTION / "architectures.yaml").read_text(encoding="utf-8")
    )
    return known


def sizes_of(config: PretrainedConfig) -> Sizes:
    """Return the sizes of a model, built on the meta device, where it has no weights."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return Sizes.of(config, model.num_parameters())
