"""A whole recipe: every setting of a run, checked before anything starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from arlarena_bench.errors import ArenaError
from arlarena_bench.method_file import is_method_file, method_sources, source_digest
from arlarena_bench.recipe.digests import digest
from arlarena_bench.recipe.problems import first_problem
from arlarena_bench.recipe.sections import (
    DIGEST,
    CloningSection,
    Count,
    EnvironmentSection,
    EvaluationSection,
    MethodSection,
    ModelSection,
    ProtocolSection,
    Section,
    StartSection,
    TokenizerSection,
    TrainSection,
    TunedMethod,
    TuningSection,
)


class Recipe(Section):
    """Everything that determines a run."""

    newer = ("start",)
    name: str
    environment: EnvironmentSection
    protocol: ProtocolSection = ProtocolSection()
    model: ModelSection = ModelSection()
    tokenizer: TokenizerSection
    method: MethodSection
    start: StartSection = StartSection()
    cloning: CloningSection = CloningSection()
    train: TrainSection = TrainSection()
    evaluation: EvaluationSection = EvaluationSection()
    methods: dict[str, TunedMethod] = Field(default_factory=dict)
    tuning: TuningSection = TuningSection()
    seed: Count = 0

    @model_validator(mode="after")
    def _consistent(self) -> "Recipe":
        if self.train.cold_start >= self.train.iterations:
            raise ValueError(
                f"train.cold_start ({self.train.cold_start}) must be below train.iterations "
                f"({self.train.iterations}), or filtering never begins"
            )
        if self.train.minibatches > self.train.groups * self.train.group_size:
            raise ValueError(
                f"train.minibatches ({self.train.minibatches}) exceeds the "
                f"{self.train.groups * self.train.group_size} episodes of a rollout"
            )
        return self

    def for_run(self, method: str, seed: int) -> "Recipe":
        """Return the recipe of one run: `method` with its tuned values, and `seed`."""
        tuned = self.methods.get(method, TunedMethod())
        data = self.model_dump()
        data["method"] = {"name": method, "options": tuned.options}
        if is_method_file(method):
            files = method_sources(Path(method))
            data["method"] |= {"source": source_digest(files), "files": files}
        data["train"] |= tuned.train
        data |= {"methods": {}, "tuning": {}, "seed": seed}
        return parse_recipe(data, f"{self.name} ({method})")

    def with_values(self, values: Mapping[str, Any]) -> "Recipe":
        """Return a copy with dotted keys replaced, for example `{"train.groups": 4}`."""
        data = self.model_dump()
        for dotted, value in values.items():
            *path, last = dotted.split(".")
            node: Any = data
            for key in path:
                node = node.get(key) if isinstance(node, dict) else None
            if not isinstance(node, dict):
                raise ArenaError(f"recipe has no setting {dotted!r}")
            node[last] = value
        return parse_recipe(data, self.name)

    def digest(self) -> str:
        """Return the SHA-256 of every setting."""
        return digest(self.model_dump(mode="json", context=DIGEST))

    def to_yaml(self) -> str:
        """Return the recipe as YAML that `read_recipe` reads back."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def parse_recipe(data: Any, where: str) -> Recipe:
    """Check `data` against the recipe's schema.

    Args:
        data: What a YAML file holds.
        where: Named in the error, usually the file.

    Raises:
        ArenaError: One line naming the first offending key, with the nearest known one.
    """
    if not isinstance(data, dict):
        raise ArenaError(f"{where}: a recipe is a mapping of sections, got {type(data).__name__}")
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        raise ArenaError(f"{where}: {first_problem(error, Recipe)}") from None
