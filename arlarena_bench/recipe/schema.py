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
    ControlSection,
    Count,
    EnvironmentSection,
    EvaluationSection,
    MethodSection,
    ModelSection,
    Name,
    ProtocolSection,
    SamplerSection,
    Section,
    TokenizerSection,
    TrainSection,
    TunedMethod,
    TuningSection,
)
from arlarena_bench.recipe.start_sections import StartSection

# What a method's own tuning chooses.
TUNED = ("method.options", "train.learning_rate")


class Recipe(Section):
    """Everything that determines a run.

    Attributes:
        tokenizer: Needed only where a start is cloned on this machine.
        methods: Values of single methods, by name.
        controls: What may be run beside the methods, by the name of its row.
        control: Which of these a run is of; None for a method.
    """

    newer = ("start", "sampler", "controls", "control")
    name: str
    environment: EnvironmentSection
    protocol: ProtocolSection = ProtocolSection()
    model: ModelSection = ModelSection()
    tokenizer: TokenizerSection | None = None
    method: MethodSection
    start: StartSection = StartSection()
    cloning: CloningSection = CloningSection()
    train: TrainSection = TrainSection()
    sampler: SamplerSection = SamplerSection()
    evaluation: EvaluationSection = EvaluationSection()
    methods: dict[str, TunedMethod] = Field(default_factory=dict)
    tuning: TuningSection = TuningSection()
    controls: dict[Name, ControlSection] = Field(default_factory=dict)
    control: Name | None = None
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
        if self.control is not None:
            self._check_control(self.control)
        return self

    def _check_control(self, name: str) -> None:
        if name not in self.controls:
            known = ", ".join(self.controls) or "none"
            raise ValueError(f"control {name!r} is none of controls (known: {known})")
        control = self.controls[name]
        if control.method != self.method.name:
            raise ValueError(f"control {name} is of {control.method}, not of {self.method.name}")
        for setting, factor in control.times.items():
            if (count := getattr(self.train, setting)) % factor:
                raise ValueError(f"train.{setting} ({count}) is not {factor} times a count")

    @property
    def subject(self) -> str:
        """What `for_run` was asked for: a method by name or file, or a control."""
        return self.control or self.method.name

    def for_run(self, subject: str, seed: int, values: Mapping[str, Any] | None = None) -> "Recipe":
        """Return the recipe of one run.

        Args:
            subject: A method by name or file, which gets its tuned values, or one of `controls`.
            seed: Of training.
            values: Replacements as of `with_values`; they win over tuned values, and a control
                multiplies what they say.

        Raises:
            ArenaError: If a method's file cannot be read, or a value is wrong.
        """
        control = self.controls.get(subject)
        method = control.method if control else subject
        run = self.without_control()._of_method(method, seed).with_values(values or {})
        if control is None:
            return run
        counts = {f"train.{s}": getattr(run.train, s) * n for s, n in control.times.items()}
        named = {"controls": {subject: control.model_dump()}, "control": subject}
        return run.with_values(counts | named)

    def without_control(self) -> "Recipe":
        """Return the recipe of what a control is compared with; a method's own as it is."""
        if self.control is None:
            return self
        times = self.controls[self.control].times
        counts = {setting: getattr(self.train, setting) // n for setting, n in times.items()}
        train = self.train.model_copy(update=counts)
        return self.model_copy(update={"train": train, "controls": {}, "control": None})

    def _of_method(self, method: str, seed: int) -> "Recipe":
        tuned = self.methods.get(method, TunedMethod())
        data = self.model_dump()
        data["method"] = {"name": method, "options": tuned.options}
        if is_method_file(method):
            files = method_sources(Path(method))
            data["method"] |= {"source": source_digest(files), "files": files}
        data["train"] |= tuned.train
        # Values of a method without points were not chosen by the grid.
        kept = {"record": self.tuning.record} if method in self.tuning.grid else {}
        data |= {"methods": {}, "tuning": kept, "controls": {}, "seed": seed}
        return parse_recipe(data, f"{self.name} ({method})")

    def with_values(self, values: Mapping[str, Any]) -> "Recipe":
        """Return a copy with dotted keys replaced, for example `{"train.groups": 4}`.

        Where these are what a grid chooses, the values are no longer those of its record.
        """
        data = self.model_dump()
        if any(key.startswith(TUNED) for key in values):
            data["tuning"]["record"] = None
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
