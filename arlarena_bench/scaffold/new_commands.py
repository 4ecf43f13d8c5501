"""`arlarena new method` and `arlarena new env`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from arlarena_bench.scaffold.scaffolding import Scaffold

app = typer.Typer(no_args_is_help=True, help="Write the first version of a method or environment.")

Name = Annotated[str, typer.Argument(help="Lower-case letters, digits and _.")]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for it; in a clone, where that keeps its own if not given."),
]


@app.command("method")
def method(name: Name, out: Out = None) -> None:
    """Write a method in one file, and its test."""
    from arlarena_bench.scaffold.scaffolding import clone_root, new_method

    _write(new_method(name, out, _here(clone_root(Path.cwd()))))


@app.command("env")
def env(name: Name, out: Out = None) -> None:
    """Write an environment with tasks, player, view, card, preset and test."""
    from arlarena_bench.scaffold.scaffolding import clone_root, new_environment

    _write(new_environment(name, out, _here(clone_root(Path.cwd()))))


def _here(clone: Path | None) -> Path | None:
    """Return a clone's path as a person would write it."""
    if clone is None:
        return None
    return Path() if clone == Path.cwd() else clone


def _write(scaffold: "Scaffold") -> None:
    scaffold.write()
    for path in scaffold.new:
        typer.echo(f"wrote {path}")
    for path in scaffold.edited:
        typer.echo(f"edited {path}")
    typer.echo("next:")
    for command in scaffold.following:
        typer.echo(f"  {command}")
