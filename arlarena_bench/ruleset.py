"""How the values of a method were chosen: the rulesets of tables."""

from arlarena_bench.departures import preset_of
from arlarena_bench.errors import ArenaError
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
    try:
        preset = preset_of(recipe)
    except ArenaError:
        return "own"
    tuned = preset.methods.get(recipe.method.name, TunedMethod())
    rate = tuned.train.get("learning_rate", preset.train.learning_rate)
    same = (recipe.method.options, recipe.train.learning_rate) == (tuned.options, rate)
    return "no-tuning" if same else "own"
