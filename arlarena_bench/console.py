"""What all commands have in common: options, and how they warn, print data and are interrupted."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130  # exit code

Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Replace a setting: train.iterations=10.")
]
Jobs = Annotated[int, typer.Option(min=0, help="Runs at a time; 0: as many as there is room for.")]
LauncherName = Annotated[str, typer.Option("--launcher", help="local, ray or slurm.")]
LauncherSettings = Annotated[
    list[str] | None,
    typer.Option("--launcher-set", help="What a launcher needs: slurm_partition=cpu."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def single_thread() -> None:
    """Keep torch to one thread; it reads this when first imported."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("MKL_NUM_THREADS", "1")


@contextmanager
def interruptible(advice: str) -> Iterator[None]:
    """End with one line, which says how to go on, where the user interrupts what is inside."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"interrupted; {advice}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def stderr() -> "Console":
    """Return where progress is shown."""
    from rich.console import Console

    return Console(stderr=True)


def say(line: str, before: str = "") -> None:
    """Tell what goes on, beside what is printed."""
    typer.echo(before + line, err=True)


def warn(line: str) -> None:
    """Tell what a user should know."""
    typer.secho(f"warning: {line}", fg="yellow", err=True)


def warn_all(lines: Iterable[str]) -> None:
    """Tell several such things."""
    for line in lines:
        warn(line)


def print_json(data: Any) -> None:
    """Print data, the same for the same data."""
    typer.echo(json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False))
