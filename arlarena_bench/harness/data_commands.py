"""`arlarena demos` and `arlarena clone`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arlarena_bench.console import interruptible, stderr
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.report.comparison import DEFAULT_ENVIRONMENT, DEFAULT_PRESET

if TYPE_CHECKING:
    from rich.progress import Progress


def demos(
    out: Annotated[Path, typer.Option(help="The file: .jsonl or .parquet.")],
    preset: Annotated[str, typer.Option(help="Preset by name, or a recipe's .yaml file.")] = (
        DEFAULT_PRESET
    ),
    env: Annotated[str, typer.Option("--env", help="Environment by short name or id.")] = (
        DEFAULT_ENVIRONMENT
    ),
    source: Annotated[
        str, typer.Option("--from", help="expert, oracle, or a model as `evaluate` takes it.")
    ] = "expert",
    keep: Annotated[str, typer.Option(help="Episodes that are kept: success, or all.")] = "success",
    tasks: Annotated[int, typer.Option(min=1, help="How many training tasks are drawn.")] = 100,
    attempts: Annotated[int, typer.Option(min=1, help="Episodes a task.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of tasks and replies.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Replace a setting, as of `evaluate`.")
    ] = None,
) -> None:
    """Write chats to fine-tune a model on: an expert's, or a model's that succeeded."""
    from arlarena_bench.harness.scoring import sampling_player
    from arlarena_bench.training.chat_data import (
        KEEP,
        chats_of,
        play_demonstrations,
        write_chats,
    )

    if keep not in KEEP:
        raise unknown("choice of --keep", keep, KEEP)
    player, recipe, name = sampling_player(source, preset, env, settings or ())
    chats: list[dict[str, Any]] = []
    played = kept = 0
    with _progress() as progress:
        row = progress.add_task("episodes", total=tasks * attempts)
        for episodes in play_demonstrations(player, recipe, tasks, attempts, seed):
            chosen = [episode for episode in episodes if keep == "all" or episode.success]
            played, kept = played + len(episodes), kept + len(chosen)
            for episode in chosen:
                chats += chats_of(episode, name, recipe.environment.id)
            progress.update(row, completed=played, description=f"episodes, {kept} kept")
    if not chats:
        raise ArenaError(
            f"{name} succeeded in none of {played} episodes; draw more with --tasks or --attempts, "
            "or keep all of them"
        )
    write_chats(out, chats)
    typer.echo(f"{len(chats)} chats of {kept} episodes, out of {played} played: {out}")


def clone(
    data: Annotated[Path, typer.Option(help="Chats, as `demos` writes them.")],
    out: Annotated[Path, typer.Option(help="Folder for the log, checkpoints and the model.")],
    model: Annotated[str | None, typer.Option(help="A model's folder, or its hub id.")] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="A recipe whose start.checkpoint and chat are taken.")
    ] = None,
    lora_rank: Annotated[
        int, typer.Option(min=0, help="Train adapters of this rank only; 0 trains all weights.")
    ] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data.")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="Chats a step.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="Peak of the rate.")] = 1e-4,
    warmup: Annotated[int, typer.Option(min=0, help="Steps of linear warm-up.")] = 10,
    micro_batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="Most tokens that are read at once.")
    ] = None,
    checkpoint_every: Annotated[int, typer.Option(min=1, help="Steps.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Of the order, and of adapters.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what --out holds.")] = False,
) -> None:
    """Fine-tune any model on chats, whole or by adapters."""
    from arlarena_bench.recipe import ChatSection, CheckpointSection, LoraSection, read_recipe
    from arlarena_bench.training.fine_tuning import FineTuning, fine_tune

    checkpoint, chat = None, ChatSection()
    if recipe is not None:
        read = read_recipe(recipe)
        checkpoint, chat = read.start.checkpoint, read.protocol.chat
    if model is not None:
        kept = checkpoint.model_dump() if checkpoint else {}
        checkpoint = CheckpointSection.model_validate(kept | {"ref": model, "revision": None})
    if checkpoint is None:
        raise ArenaError("give --model, or a --recipe that has a start.checkpoint")
    if lora_rank:
        lora = LoraSection(rank=lora_rank, alpha=2 * lora_rank)
        checkpoint = checkpoint.model_copy(update={"lora": lora})
    if not learning_rate > 0:
        raise ArenaError(f"--learning-rate must be above 0, got {learning_rate}")
    settings = FineTuning(
        epochs, batch_size, learning_rate, warmup, micro_batch_tokens, checkpoint_every, seed
    )
    with _progress() as progress:
        row = progress.add_task("steps", total=None)

        def show(record: dict[str, float]) -> None:
            loss = f"steps, loss {record['loss']:.3f}"
            done, steps = int(record["step"]), int(record["steps"])
            progress.update(row, completed=done, total=steps, description=loss)

        with interruptible("add --resume to go on from the last checkpoint"):
            made = fine_tune(checkpoint, chat, data, out, settings, resume=resume, on_step=show)
    typer.echo(f"written to {made}")


def _progress() -> "Progress":
    from rich.progress import Progress

    return Progress(console=stderr())
