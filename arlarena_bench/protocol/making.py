"""The environment of a recipe under the recipe's protocol, and whether what it scores can count."""

import gymnasium as gym

from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.recipe import Recipe
from arlarena_bench.text_env import TextEnv


def make_environment(recipe: Recipe) -> AgentProtocol:
    """Make the recipe's environment under the recipe's protocol."""
    section, protocol = recipe.environment, recipe.protocol
    made = gym.make(section.id, disable_env_checker=True, **section.kwargs)
    return AgentProtocol(
        made.unwrapped,
        history=protocol.history,
        penalty=protocol.penalty,
        template=protocol.template,
    )


def cautions(recipe: Recipe) -> list[str]:
    """Return a line if the recipe's results cannot count, to be said before anything runs.

    Raises:
        ArenaError: If this machine cannot provide what the environment runs in.
    """
    return incomparable_line(make_environment(recipe).game)


def incomparable_line(game: TextEnv) -> list[str]:
    """Return a line that says why results cannot count, none if they can."""
    return [f"not for the leaderboard: {game.incomparable}"] if game.incomparable else []
