"""`arlarena site`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from arlarena_bench.console import warn_all

DEFAULT_EPISODES, DEFAULT_PORT = 24, 8000


def site(
    out: Annotated[Path, typer.Option(help="The site's folder.")] = Path("build/site"),
    leaderboard: Annotated[Path, typer.Option(help="Folder with results.")] = Path("leaderboard"),
    episodes: Annotated[
        int, typer.Option(min=1, help="How many test tasks can be read of each method.")
    ] = DEFAULT_EPISODES,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Replay all of every bundle, not a sample: minutes each."),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Then show it, to this machine alone.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --serve.")] = DEFAULT_PORT,
) -> None:
    """Make the leaderboard's web pages, which need no server and no network."""
    from arlarena_bench.site.building import make_site
    from arlarena_bench.site.publishing import LOOPBACK, check_out, server_of, write_site

    started = time.monotonic()
    check_out(out)
    made = make_site(leaderboard, episodes, verify)
    write_site(made, out)
    warn_all(made.problems)
    size = sum(map(len, made.files.values())) / 1e6
    pages = sum(name.endswith(".html") for name in made.files)
    seconds = time.monotonic() - started
    typer.echo(f"{pages} pages, {size:.1f} MB, in {seconds:.0f} s: open {out / 'index.html'}")
    if serve:
        with server_of(out, port) as server:
            typer.echo(f"http://{LOOPBACK}:{server.server_port}/ (Ctrl-C ends)")
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                typer.echo("ended", err=True)
