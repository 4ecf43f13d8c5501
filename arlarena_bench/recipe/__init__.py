"""A recipe: every setting of a run, in one YAML file, checked before anything starts."""

from arlarena_bench.recipe.digests import digest, leaves
from arlarena_bench.recipe.reading import read_recipe
from arlarena_bench.recipe.schema import TUNED, Recipe, parse_recipe
from arlarena_bench.recipe.sections import (
    ChatSection,
    CloningSection,
    ModelSection,
    SamplerSection,
    TrainSection,
    TunedMethod,
)
from arlarena_bench.recipe.start_sections import CheckpointSection, LoraSection

__all__ = [
    "TUNED",
    "ChatSection",
    "CheckpointSection",
    "CloningSection",
    "LoraSection",
    "ModelSection",
    "Recipe",
    "SamplerSection",
    "TrainSection",
    "TunedMethod",
    "digest",
    "leaves",
    "parse_recipe",
    "read_recipe",
]
