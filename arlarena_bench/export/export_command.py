"""`arlarena export`."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    results: Annotated[Path, typer.Argument(help="A bundle, a bench's folder, or one result.")],
    to: Annotated[str, typer.Option(help="eee (Every Eval Ever), inspect or croissant.")],
    out: Annotated[Path, typer.Option(help="A new folder.")],
    time: Annotated[
        int, typer.Option(min=0, max=2**32, help="Unix seconds where a format wants a time.")
    ] = 0,
) -> None:
    """Write results in the format of another tool."""
    from arlarena_bench.export.exporting import export as write

    names = write(results, to, out, time)
    typer.echo(f"wrote {len(names)} files to {out}")
