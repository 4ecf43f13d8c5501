"""Behaviour cloning of the start policy, in two phases.

A policy cloned from an expert alone is either weak or already certain. The second phase blurs
it: labels are partly replaced by random plans, at a low learning rate, until sampled success is
low while the likeliest replies are still good. Reinforcement learning then has something to
sharpen, as it has with a pretrained language model.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.nano import new_language_model, train_tokenizer
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.scripted import habit_reply, plan_reply, random_reply
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.reply import ReplyFormat
from arlarena_bench.recipe import CloningSection, Recipe
from arlarena_bench.streams import python_stream

OnStep = Callable[[dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One turn of an expert.

    Attributes:
        prompt: The whole prompt.
        reply: What the expert answers.
        noise: A random reply, for the second phase.
        habit: What the poor player of habit answers, for the second phase; empty where the
            recipe has none.
        given: The reply that the environment got.
        follows: Where the turn before stands among the demonstrations, in a conversation.
        added: What the environment wrote behind that turn.
    """

    prompt: str
    reply: str
    noise: str
    habit: str
    given: str
    follows: int | None = None
    added: str = ""


def record_demonstrations(recipe: Recipe) -> list[Demonstration]:
    """Let the environment's expert play, straying now and then so that it must recover.

    Raises:
        ArenaError: If the environment's expert has no plan for a fresh task.
    """
    settings = recipe.cloning
    rng = python_stream(settings.seed, "demonstrations")
    environment = make_environment(recipe)
    transcript = environment.game.transcript
    player = environment.game.demonstrator
    demonstrations: list[Demonstration] = []
    for _ in range(settings.episodes):
        task_id = environment.game.sample_task(rng)
        prompt, _ = environment.reset(options={"task_id": task_id})
        if not player.expert():
            raise ArenaError(f"{recipe.environment.id}: no expert plan for task {task_id}")
        ended, follows, added = False, None, ""
        while not ended and (plan := player.expert()):
            expert, noise = plan_reply(environment, plan), random_reply(environment, rng)
            habit = habit_reply(environment) if settings.habit_share else ""
            # One draw for both ways to stray: recipes without a habit keep their demonstrations.
            chance = rng.random()
            given = expert
            if chance < settings.exploration:
                given = noise
            elif chance < settings.exploration + settings.habit_exploration:
                given = habit
            turn = Demonstration(prompt, expert, noise, habit, given, follows, added)
            demonstrations.append(turn)
            prompt, _, terminated, truncated, info = environment.step(turn.given)
            ended = terminated or truncated
            if transcript:
                follows, added = len(demonstrations) - 1, info["observation"]
    return demonstrations


def demonstrations_digest(demonstrations: Sequence[Demonstration], form: ReplyFormat) -> str:
    """Return the SHA-256 of all that cloning sees of demonstrations."""
    content = hashlib.sha256()
    for demo in demonstrations:
        ends = [form.complete(text) for text in (demo.reply, demo.noise, demo.habit)]
        content.update(json.dumps([*astuple(demo), *ends]).encode() + b"\n")
    return content.hexdigest()


def clone(
    recipe: Recipe, demonstrations: Sequence[Demonstration], on_step: OnStep | None = None
) -> LanguageModel:
    """Make a tokenizer and a model, and train it on demonstrations.

    Args:
        recipe: Its environment, model, tokenizer and cloning sections are read.
        demonstrations: What `record_demonstrations` recorded.
        on_step: Called after each gradient step with `step`, `steps` and `loss`.

    Returns:
        The start policy of every run of this recipe.
    """
    settings = recipe.cloning
    form = make_environment(recipe).game.reply_format
    texts = (text for demo in demonstrations for text in _texts(demo))
    if (words := recipe.tokenizer) is None:
        raise ArenaError(f"recipe {recipe.name}: tokenizer is missing, which cloning needs")
    tokenizer = train_tokenizer(texts, words.pattern, joined=words.joined)
    language_model = new_language_model(recipe.model, tokenizer, settings.seed)
    rows = _Rows(language_model, demonstrations, form)
    model = language_model.model.train()
    optimiser = torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        betas=(settings.adam_beta1, settings.adam_beta2),
        eps=settings.adam_eps,
        weight_decay=settings.weight_decay,
    )
    steps = settings.clean_steps + settings.noisy_steps
    parts = batches(len(demonstrations), settings.batch_size, settings.seed)
    noise = python_stream(settings.seed, "label noise")
    for step in range(1, steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = _learning_rate(step, settings)
        shares = (settings.label_noise, settings.habit_share)
        clean = step <= settings.clean_steps
        loss = rows.loss(next(parts), (0.0, 0.0) if clean else shares, noise)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.grad_clip)
        optimiser.step()
        if on_step is not None:
            on_step({"step": step, "steps": steps, "loss": loss.item()})
    model.eval()
    return language_model


def _texts(demo: Demonstration) -> list[str]:
    return [text for text in (demo.prompt, demo.reply, demo.noise, demo.habit) if text]


class _Rows:
    """Demonstrations as tensors, the replies of expert, chance and habit side by side."""

    def __init__(
        self, model: LanguageModel, demos: Sequence[Demonstration], form: ReplyFormat
    ) -> None:
        self._model = model
        self._form = form
        self._prompts = PaddedPrompts.pack(self._encode(demos), model.pad_id)
        kinds = [[getattr(demo, kind) for demo in demos] for kind in ("reply", "noise", "habit")]
        tokens = [[self._tokens(text) for text in texts] for texts in kinds]
        longest = max(len(row) for rows in tokens for row in rows)
        self._replies, self._noise, self._habit = (self._pad(rows, longest) for rows in tokens)

    def _encode(self, demos: Sequence[Demonstration]) -> list[tuple[int, ...]]:
        """Return the prompts' ids; a conversation keeps those of its earlier turns."""
        model = self._model
        fresh = iter(model.encode([demo.prompt for demo in demos if demo.follows is None]))
        prompts: list[tuple[int, ...]] = []
        for demo in demos:
            if demo.follows is None:
                prompts.append(next(fresh))
                continue
            given = tuple(self._tokens(demos[demo.follows].given))
            before = Generation("", prompts[demo.follows], given)
            prompts.append(model.extend(before, demo.added))
        return prompts

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._model.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids if self._form.complete(text) else [*ids, *self._model.end_ids[:1]]

    def _pad(self, rows: list[list[int]], length: int) -> Tensor:
        pad = self._model.pad_id
        return torch.tensor([row + [pad] * (length - len(row)) for row in rows])

    def loss(self, rows: Tensor, shares: tuple[float, float], rng: random.Random) -> Tensor:
        """Return the mean cross-entropy of the reply tokens of `rows`, nats.

        Args:
            rows: Which demonstrations.
            shares: Of random replies and of those of habit among the labels.
            rng: Source of the labels' kinds.
        """
        replies = self._replies[rows]
        if any(shares):
            noise, habit = shares
            chance = torch.tensor([rng.random() for _ in rows.tolist()], dtype=torch.float64)
            replies = torch.where((chance < noise + habit)[:, None], self._habit[rows], replies)
            replies = torch.where((chance < noise)[:, None], self._noise[rows], replies)
        logits = self._model.logits(self._prompts.select(rows), replies)
        return cross_entropy(
            logits.flatten(0, 1), replies.flatten(), ignore_index=self._model.pad_id
        )


def batches(rows: int, size: int, seed: int) -> Iterator[Tensor]:
    """Yield the numbers of rows, `size` at a time, in another order each epoch, without end."""
    epoch = 0
    while True:
        order = list(range(rows))
        python_stream(seed, "batches", epoch).shuffle(order)
        for start in range(0, max(rows - size, 0) + 1, size):
            yield torch.tensor(order[start : start + size])
        epoch += 1


def _learning_rate(step: int, settings: CloningSection) -> float:
    """Warm up, stay, and decay linearly over the last part of the first phase."""
    if step > settings.clean_steps:
        return settings.noisy_learning_rate
    warm = min(1.0, step / settings.warmup) if settings.warmup else 1.0
    start = (1 - settings.decay_share) * settings.clean_steps
    decay = (step - start) / (settings.clean_steps - start) if step > start else 0.0
    return settings.learning_rate * warm * (1 - (1 - settings.decay_to) * decay)
