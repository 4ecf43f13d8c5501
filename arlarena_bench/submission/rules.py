"""The rules of a track: data, one YAML file for each track and version, in the package."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.record import Ruleset
from arlarena_bench.record.part import PositiveCount, first_line

Track = Literal["methods", "agents"]
Tier = Literal["self-reported", "replayed", "policy-checked", "re-trained"]
PolicyKind = Literal["trained", "start", "scripted", "model"]
PACKAGE = "arlarena_bench.rules"
MEGABYTE = 1 << 20


class RulesPart(BaseModel):
    """A part of the rules: immutable, and every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(RulesPart):
    """One rule, and how it is put in words."""

    says: str


class PolicyRule(Rule):
    """Which kinds of policy may have rows."""

    kinds: tuple[PolicyKind, ...]


class RecipeRule(Rule):
    """Which settings are the preset's, by the beginning of their dotted keys; `*` is all."""

    same: tuple[str, ...]

    def covers(self, setting: str) -> bool:
        """Return whether a dotted key is one of these settings, or below one."""
        return any(
            key == "*" or setting == key or setting.startswith(f"{key}.") for key in self.same
        )


class StartRule(Rule):
    """Whether training has to begin from a shipped start."""

    frozen: bool


class PanelRule(Rule):
    """Which panel is played."""

    split: Literal["validation", "test"]


class SeedsRule(Rule):
    """How many seeds of a method make it ranked."""

    ranked: PositiveCount


class RulesetRule(Rule):
    """How a method's values may have been chosen."""

    allowed: tuple[Ruleset, ...]


class PolicyCheckRule(Rule):
    """What `verify --policy` asks of sampled tokens.

    Attributes:
        draws: Whether each has to be the one that its attempt's stream gives; otherwise it is
            only said how many are.
        false_alarm: Probability at most that a bundle is rejected by chance.
    """

    draws: bool
    false_alarm: Annotated[float, Field(gt=0, lt=1)]


class CalibrationRule(Rule):
    """What a bundle's own runs of a known method are compared with the published ones for.

    Attributes:
        method: Which.
        level: Of the test.
        reject: Whether a bundle that differs is rejected.
    """

    method: str
    level: Annotated[float, Field(gt=0, lt=1)]
    reject: bool


class RetrainingRule(Rule):
    """How a run that is trained again has to agree where it is not the same to the bit.

    Attributes:
        level: Of the interval in which its success has to lie.
    """

    level: Annotated[float, Field(gt=0, lt=1)]


class Limits(RulesPart):
    """What a bundle may be at most.

    Attributes:
        files: In the folder.
        file_mb: MiB of one file.
        bundle_mb: MiB of all files.
        decompressed_mb: MiB of one result.
        json_depth: Objects and lists in each other.
        checkpoint_mb: MiB of weights of one run; larger ones are not taken into a bundle.
    """

    files: PositiveCount
    file_mb: PositiveCount
    bundle_mb: PositiveCount
    decompressed_mb: PositiveCount
    json_depth: PositiveCount
    checkpoint_mb: PositiveCount


class Rules(RulesPart):
    """The rules of one track in one version.

    Attributes:
        name: Of the file; bundles name their rules by it.
        track: What the rules are of.
        tiers: That can be reached, each above the one before.
    """

    name: str
    track: Track
    policies: PolicyRule
    recipe: RecipeRule
    start: StartRule
    panel: PanelRule
    seeds: SeedsRule
    rulesets: RulesetRule
    policy_check: PolicyCheckRule
    calibration: CalibrationRule | None = None
    retraining: RetrainingRule | None = None
    tiers: tuple[Tier, ...] = Field(min_length=1)
    limits: Limits

    def spoken(self) -> dict[str, str]:
        """Return each rule's words by its name, in the order of the file."""
        parts = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: part.says for name, part in parts.items() if isinstance(part, Rule)}


def rules_names() -> list[str]:
    """Return the names of all installed rules, sorted."""
    found = (path.name for path in files(PACKAGE).iterdir() if path.name.endswith(".yaml"))
    return sorted(name.removesuffix(".yaml") for name in found)


@cache
def load_rules(name: str) -> Rules:
    """Return installed rules by name.

    Raises:
        ArenaError: If there are none of that name, or they are malformed.
    """
    if name not in rules_names():
        raise unknown("rules", name, rules_names())
    try:
        data = yaml.safe_load((files(PACKAGE) / f"{name}.yaml").read_text(encoding="utf-8"))
        rules = Rules.model_validate(data)
    except (OSError, ValueError, yaml.YAMLError, ValidationError) as error:
        why = first_line(error) if isinstance(error, ValidationError) else str(error)
        raise ArenaError(f"the rules {name} cannot be read: {why}; reinstall the package") from None
    if rules.name != name:
        raise ArenaError(f"the rules {name} call themselves {rules.name}; reinstall the package")
    return rules


def newest_rules(track: str) -> Rules:
    """Return the newest rules of a track.

    Raises:
        ArenaError: If there is no such track.
    """
    found = [rules for rules in map(load_rules, rules_names()) if rules.track == track]
    if not found:
        raise unknown("track", track, {load_rules(name).track for name in rules_names()})
    return max(found, key=lambda rules: int(rules.name.rpartition("-v")[2]))
