"""A recipe: every setting of a run, in one YAML file, checked before anything starts."""

from arlarena_bench.recipe.digests import digest, leaves
from arlarena_bench.recipe.reading import read_recipe
from arlarena_bench.recipe.schema import TUNED, Recipe, parse_recipe
from arlarena_bench.recipe.sections import (
    CloningSection,
    ModelSection,
    TrainSection,
    TunedMethod,
)

__all__ = [
    "TUNED",
    "CloningSection",
    "ModelSection",
    "Recipe",
    "TrainSection",
    "TunedMethod",
    "digest",
    "leaves",
    "parse_recipe",
    "read_recipe",
]
