"""The command that lets a person play."""

import random
from typing import Annotated

import typer

from arlarena_bench.console import warn_all
from arlarena_bench.report import comparison


def play(
    env: Annotated[str, typer.Argument(help="Environment by short name or id.")] = (
        comparison.DEFAULT_ENVIRONMENT
    ),
    task: Annotated[str | None, typer.Option(help="Task id; a random one if not given.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="Play it as this preset puts it to agents.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the random tasks.")] = None,
) -> None:
    """Play an environment yourself."""
    import gymnasium
    from rich.console import Console

    from arlarena_bench import installed
    from arlarena_bench.harness.keys import keyboard
    from arlarena_bench.harness.play import Session
    from arlarena_bench.protocol.making import incomparable_line, make_environment

    if preset is None:
        made = gymnasium.make(installed.environment_id(env), disable_env_checker=True)
    else:
        made = make_environment(installed.load_recipe(preset, env))
    session = Session(made, Console(), task, random.Random(seed))
    warn_all(incomparable_line(session.game))
    with keyboard() as source:
        session.run(source)
