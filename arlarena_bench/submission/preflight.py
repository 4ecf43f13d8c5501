"""Before anything runs: which track, ruleset and tier a run could enter, and why not."""

from dataclasses import dataclass

from arlarena_bench.protocol.making import incomparable_line, make_environment
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import Ruleset
from arlarena_bench.ruleset import ruleset_of
from arlarena_bench.submission.eligibility import recipe_faults, ruleset_fault
from arlarena_bench.submission.rules import Rules, Tier, load_rules, newest_rules, rules_names
from arlarena_bench.submission.verifying import HIGHEST


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a run could enter.

    Attributes:
        rules: Of one track.
        ruleset: That its values would be of.
        tier: The highest that its bundle could reach here; None where it cannot enter.
        ranked_seeds: How many seeds a method needs to be ranked.
        against: Why it cannot enter, a line each.
    """

    rules: str
    track: str
    ruleset: Ruleset
    tier: Tier | None
    ranked_seeds: int
    against: tuple[str, ...]


def prospects(recipe: Recipe) -> list[Prospect]:
    """Return what a run of a recipe could enter, a prospect a track."""
    tracks = sorted({load_rules(name).track for name in rules_names()}, reverse=True)
    return [_prospect(recipe, newest_rules(track)) for track in tracks]


def _prospect(recipe: Recipe, rules: Rules) -> Prospect:
    against = [f"recipe: {fault}" for fault in recipe_faults(rules, recipe)]
    if not against:
        # What a recipe's arguments name is only opened where they are a preset's.
        against += incomparable_line(make_environment(recipe).game)
    if rules.start.frozen and recipe.start.frozen is None:
        against.append("start: no shipped start is named (start.frozen)")
    if fault := ruleset_fault(rules, recipe):
        against.append(f"rulesets: {fault}")
    return Prospect(
        rules=rules.name,
        track=rules.track,
        ruleset=ruleset_of(recipe),
        tier=None if against else _tier(recipe, rules),
        ranked_seeds=rules.seeds.ranked,
        against=tuple(against),
    )


def _tier(recipe: Recipe, rules: Rules) -> Tier:
    """Return the highest tier of a run: what is not from a shipped start can only be replayed."""
    if recipe.start.frozen is None:
        return HIGHEST
    return "policy-checked" if rules.retraining is None else "re-trained"
