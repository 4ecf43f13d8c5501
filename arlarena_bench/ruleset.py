"""How the values of a method were chosen: the rulesets of tables."""

from functools import cache

from arlarena_bench.errors import ArenaError
from arlarena_bench.installed import load_recipe
from arlarena_bench.recipe import Recipe, TunedMethod
from arlarena_bench.record import Ruleset


def ruleset_of(recipe: Recipe) -> Ruleset:
    """Return by which rules the values of a run's method were chosen.

    Args:
        recipe: The run's. Its options and its learning rate are what is asked about.

    Returns:
        `"fixed-grid"` if a recorded grid chose them, `"no-tuning"` if they are those of the preset
        that the run is of, `"own"` for anything else.
    """
    if recipe.tuning.record is not None:
        return "fixed-grid"
    preset = _preset(recipe.name, recipe.environment.name)
    if preset is None:
        return "own"
    tuned = preset.methods.get(recipe.method.name, TunedMethod())
    rate = tuned.train.get("learning_rate", preset.train.learning_rate)
    same = (recipe.method.options, recipe.train.learning_rate) == (tuned.options, rate)
    return "no-tuning" if same else "own"


@cache
def _preset(name: str, environment: str) -> Recipe | None:
    try:
        return load_recipe(name, environment)
    except ArenaError:
        return None
