"""Behaviour cloning of any model: fine-tuning on chats, whole or by adapters."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from arlarena_bench.episode import Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines, write_json
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.model_folder import weights_digest
from arlarena_bench.policy.out_of_memory import with_less_at_once
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.policy.trainable_model import TrainableModel
from arlarena_bench.recipe import ChatSection, CheckpointSection, TrainSection
from arlarena_bench.training.chat_data import read_chats
from arlarena_bench.training.checkpoint import load_checkpoint, save_checkpoint
from arlarena_bench.training.cloning import batches
from arlarena_bench.training.masters import Masters
from arlarena_bench.training.start import fetch_checkpoint, load_trainable

OnStep = Callable[[dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How a model is fine-tuned.

    Attributes:
        epochs: Passes over the data.
        batch_size: Chats a step.
        learning_rate: AdamW's peak; it decays linearly to a tenth at the end.
        warmup: Steps of linear warm-up.
        micro_batch_tokens: Most tokens that are read at once; None for no limit.
        checkpoint_every: Steps between checkpoints.
        seed: Of the order of chats, and of adapters.
    """

    epochs: int = 1
    batch_size: int = 16
    learning_rate: float = 1e-4
    warmup: int = 10
    micro_batch_tokens: int | None = None
    checkpoint_every: int = 50
    seed: int = 0

    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate of a step, counted from 1."""
        left = (steps - step) / max(steps - self.warmup, 1)
        return self.learning_rate * min(1.0, step / max(self.warmup, 1), 0.1 + 0.9 * left)


def fine_tune(
    checkpoint: CheckpointSection,
    chat: ChatSection,
    data: Path,
    out: Path,
    settings: FineTuning,
    *,
    resume: bool = False,
    on_step: OnStep = lambda record: None,
) -> Path:
    """Fine-tune a model on the assistant's words of chats.

    Args:
        checkpoint: The model, how it is held, and whether it gets adapters.
        chat: How chats are put to it.
        data: The file of chats.
        out: A folder for the log, checkpoints, and the model.
        settings: Of the optimisation.
        resume: Go on with what `out` holds.
        on_step: Called after each step with `step`, `steps` and `loss`, nats a token.

    Returns:
        The folder of the model, an ordinary one.

    Raises:
        ArenaError: If the data are no chats, the model cannot be had or does not fit, or `out`
            holds something else.
    """
    start, chats = fetch_checkpoint(checkpoint), read_chats(data)
    made_from = {
        "checkpoint": checkpoint.model_dump(mode="json"),
        "chat": chat.model_dump(mode="json"),
        "settings": asdict(settings),
        "data": hashlib.sha256(data.read_bytes()).hexdigest(),
        "start": weights_digest(start),
    }
    _open(out, made_from, resume)
    tuner = _Tuner(checkpoint, chat, start, settings)
    rows = conversation_rows(tuner.model, chats)
    size = min(settings.batch_size, len(chats))
    steps = settings.epochs * (len(chats) // size)
    log = JsonLines(out / "metrics.jsonl")
    log.drop_torn_line()
    logged = {record["step"] for record in log}
    order = batches(len(chats), size, settings.seed)
    done, _ = load_checkpoint(out / "checkpoints", tuner, steps)
    for step in range(1, steps + 1):
        batch = next(order)
        if step <= done:
            continue
        record = {"step": step, "loss": tuner.step(rows.select(batch), settings.rate(step, steps))}
        if step not in logged:
            log.append(record)
        on_step({**record, "steps": steps})
        if step % settings.checkpoint_every == 0 or step == steps:
            save_checkpoint(out / "checkpoints", step, tuner)
    tuner.model.save(out / "model")
    return out / "model"


def _open(out: Path, made_from: dict[str, Any], resume: bool) -> None:
    """Write what a folder is made from, or compare it with what it says."""
    path = out / "clone.json"
    if not path.exists():
        if out.exists() and any(out.iterdir()):
            raise ArenaError(f"{out} is not empty and holds no fine-tuning; choose another --out")
        write_json(path, made_from)
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ArenaError(f"{path} is damaged; choose another --out") from None
    changed = [key for key in made_from if before.get(key) != made_from[key]]
    if changed:
        raise ArenaError(f"{out} holds another fine-tuning ({changed[0]} differs); choose another")
    if not resume:
        raise ArenaError(f"{out} already holds this; pass --resume to go on, or another --out")


class _Tuner:
    """A model with its optimiser, as checkpoints know them."""

    def __init__(
        self,
        checkpoint: CheckpointSection,
        chat: ChatSection,
        start: Path,
        settings: FineTuning,
    ) -> None:
        self.model = load_trainable(checkpoint, chat, start, settings.seed)
        tokens = settings.micro_batch_tokens
        self.policy = TrainableModel(self.model, TrainSection(micro_batch_tokens=tokens))
        self.masters = Masters(self.policy.parameters())
        self.optimiser = torch.optim.AdamW(self.masters.exact, weight_decay=0.0, fused=True)
        self.updates = self.skipped_in_row = 0

    def step(self, rows: Rows, rate: float) -> float:
        """Take a step on rows; return their mean loss, nats a token."""
        self.policy.train(True)
        loss = with_less_at_once(
            lambda: self._backward(rows), lambda said: self.policy.read_less(rows, said)
        )
        norm = torch.nn.utils.clip_grad_norm_(self.masters.exact, 1.0)
        if not norm.isfinite():
            raise ArenaError(
                f"step {self.updates + 1} has a gradient that is NaN or infinite; lower the "
                "learning rate"
            )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.masters.hand_back()
        self.updates += 1
        self.policy.train(False)
        return loss

    def _backward(self, rows: Rows) -> float:
        for parameter in (*self.policy.parameters(), *self.masters.exact):
            parameter.grad = None
        total, loss = float(rows.mask.sum()), 0.0
        for index, length in self.policy.micro_batches(rows):
            part = rows.select(index, length)
            share = -(self.policy.token_stats(part, grad=True).log_probs * part.mask).sum() / total
            share.backward()  # type: ignore[no-untyped-call]
            self.masters.collect_gradients()
            loss += share.item()
        return loss


def conversation_rows(model: LanguageModel, chats: Sequence[list[dict[str, str]]]) -> Rows:
    """Return chats as rows, of which the assistant's words with their end count.

    Args:
        model: Its tokenizer and chat template are used.
        chats: Messages of user and assistant in turn.
    """
    prompts = model.encode([chat[0]["content"] for chat in chats])
    read = [list(_row(model, *pair)) for pair in zip(prompts, chats, strict=True)]
    longest = max(map(len, read))
    ids = [[token for token, _ in row] + [model.pad_id] * (longest - len(row)) for row in read]
    mask = torch.tensor([[own for _, own in row] + [0.0] * (longest - len(row)) for row in read])
    return Rows(
        PaddedPrompts.pack(prompts, model.pad_id), torch.tensor(ids), mask, torch.zeros_like(mask)
    )


def _row(
    model: LanguageModel, prompt: tuple[int, ...], chat: list[dict[str, str]]
) -> Iterator[tuple[int, float]]:
    """Yield each token behind the first prompt, and 1 where the assistant wrote it."""
    before = prompt
    for number in range(1, len(chat), 2):
        reply = model.reply(chat[number]["content"])
        yield from ((token, 1.0) for token in reply)
        if number + 1 < len(chat):
            read = model.extend(Generation("", before, reply), chat[number + 1]["content"])
            yield from ((token, 0.0) for token in read[len(before) + len(reply) :])
            before = read
