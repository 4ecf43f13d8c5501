"""Whether results are what the rules of a track ask for."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from arlarena_bench.departures import departures, preset_of
from arlarena_bench.errors import ArenaError
from arlarena_bench.method_file import is_method_file
from arlarena_bench.policy.scripted import SCRIPTED
from arlarena_bench.recipe import Recipe
from arlarena_bench.recipe.sections import TunedMethod, TuningSection
from arlarena_bench.record import Result, StartRecord
from arlarena_bench.ruleset import ruleset_of
from arlarena_bench.submission.rules import Rules
from arlarena_bench.training.start_set import find_set


def recipe_faults(rules: Rules, recipe: Recipe) -> Iterator[str]:
    """Yield every setting that has to be the preset's and is not.

    Nothing is made from the recipe, and no file is read that it names.
    """
    try:
        preset, found = preset_of(recipe), departures(recipe)
    except ArenaError as error:
        yield str(error)
        return
    for one in found:
        if rules.recipe.covers(one.setting):
            yield f"{one.setting} is {one.ours}, that of the preset is {one.theirs}"
    yield from _aside_faults(recipe, preset)


def _aside_faults(recipe: Recipe, preset: Recipe) -> Iterator[str]:
    """Yield what a run's recipe has of sections that are for making runs."""
    bare = TuningSection(record=recipe.tuning.record)
    if recipe.methods not in ({}, preset.methods):
        yield "methods has values that the preset has not"
    if recipe.tuning not in (bare, preset.tuning):
        yield "tuning has a grid that the preset has not"
    if any(preset.controls.get(name) != control for name, control in recipe.controls.items()):
        yield "controls has one that the preset has not"


def ruleset_fault(rules: Rules, recipe: Recipe) -> str | None:
    """Return why a method's values cannot stand under the rules; None if they can."""
    found = ruleset_of(recipe)
    if found in rules.rulesets.allowed:
        return None
    return (
        f"the values of {recipe.subject} are neither the preset's nor a recorded grid's (ruleset "
        f"{found}; allowed: {', '.join(rules.rulesets.allowed)})"
    )


def tuning_fault(recipe: Recipe, digest: str | None, judgement: Any) -> str | None:
    """Return why a recorded grid has not chosen the values of a run; None if it has.

    Args:
        recipe: Of the run; it names the record by its hash.
        digest: SHA-256 of the record that is here, None without one.
        judgement: Its content, as `arlarena tune` writes it.
    """
    if digest is None:
        return f"the record of the grid that chose the values of {recipe.subject} is missing"
    if digest != recipe.tuning.record:
        return f"the values of {recipe.subject} were chosen by another grid's record"
    name = recipe.method.name
    try:
        chosen = TunedMethod.model_validate(judgement["chosen"][name])
    except (KeyError, TypeError, ValidationError):
        return f"the record of the grid has no values for {name}"
    rate = chosen.train.get("learning_rate", recipe.train.learning_rate)
    if (chosen.options, rate) != (recipe.method.options, recipe.train.learning_rate):
        return f"the grid has chosen other values for {name}"
    return None


def start_fault(rules: Rules, recipe: Recipe, start: StartRecord | None) -> str | None:
    """Return why training cannot have begun from the start on record; None if it can.

    Args:
        rules: Say whether the start has to be a shipped one.
        recipe: Of the run.
        start: On record.
    """
    frozen = recipe.start.frozen
    if frozen is None:
        return "no shipped start is named (start.frozen)" if rules.start.frozen else None
    try:
        shipped = find_set(frozen)
    except ArenaError as error:
        return str(error)
    number = shipped.number(recipe.seed)
    expected = StartRecord(
        name=f"shipped/{number}", sha256=shipped.weights_digest(number) or "", set=frozen
    )
    return None if start == expected else f"its start is not the shipped one numbered {number}"


def result_fault(rules: Rules, result: Result) -> tuple[str, str] | None:
    """Return which rule a result breaks, and how; None if it breaks none.

    Nothing is played, and no environment is made.
    """
    recipe, kind = result.recipe, result.policy.kind
    if fault := _policy_fault(rules, result):
        return "policies", fault
    if fault := next(recipe_faults(rules, recipe), None):
        return "recipe", fault
    if kind in ("trained", "start") and (fault := start_fault(rules, recipe, result.start)):
        return "start", fault
    if fault := _panel_fault(rules, result):
        return "panel", fault
    if kind == "trained":
        if result.ruleset not in (None, found := ruleset_of(recipe)):
            return "rulesets", f"it says ruleset {result.ruleset}, its recipe is of {found}"
        if fault := ruleset_fault(rules, recipe):
            return "rulesets", fault
    return None


def _policy_fault(rules: Rules, result: Result) -> str | None:
    kind = result.policy.kind
    reference = kind in ("start", "scripted")
    if kind not in rules.policies.kinds and not reference:
        return f"its policy is of kind {kind}, not {' or '.join(rules.policies.kinds)}"
    if kind == "scripted" and result.policy.name not in SCRIPTED:
        return f"no script is called {result.policy.name!r}"
    method = result.recipe.method
    if is_method_file(method.name):
        if method.source is None or PurePath(method.name).name not in method.files:
            return f"the hash of the method's file {PurePath(method.name).name} is missing"
    elif method.source is not None or method.files:
        return f"{method.name} is no file, but has the hash of one"
    return None


def _panel_fault(rules: Rules, result: Result) -> str | None:
    if result.lacks:
        return f"its record lacks {', '.join(result.lacks)}"
    if result.panel.split != rules.panel.split:
        return f"it played the {result.panel.split} panel, not the {rules.panel.split} panel"
    known = result.recipe.evaluation.scored()
    if result.policy.kind == "scripted":
        decoded = [name for name, score in result.scores.items() if score.decoder is not None]
        many = len(result.scores) > 1
        return "a script has no decoder, and one score" if decoded or many else None
    for name, score in sorted(result.scores.items()):
        told = None if score.decoder is None else score.decoder.model_dump()
        if name not in known or told != known[name].model_dump():
            return f"its decoder {name} is none of its recipe's"
    if rules.recipe.covers("evaluation.decoders"):
        if missing := sorted(known.keys() - result.scores.keys()):
            return f"it was not played under the decoder {missing[0]}"
        if result.headline != (first := next(iter(known))):
            return f"its headline is {result.headline}, that of the preset is {first}"
    return None


def seeds_fault(results: Mapping[str, Result]) -> str | None:
    """Return which seed of a method is missing; None if every method has the same, from 0 on."""
    seeds: dict[str, set[int]] = {}
    for result in results.values():
        if result.policy.kind not in ("start", "scripted"):
            seeds.setdefault(result.label, set()).add(result.seed)
    expected = range(max((len(each) for each in seeds.values()), default=0))
    for method in sorted(seeds):
        if missing := sorted(set(expected) - seeds[method]):
            return f"seed {missing[0]} of {method} is missing"
    return None


def ranked_fault(rules: Rules, results: Mapping[str, Result]) -> str | None:
    """Return why the rows of results are not ranked; None if they are."""
    seeds = {r.seed for r in results.values() if r.policy.kind not in ("start", "scripted")}
    if len(seeds) >= rules.seeds.ranked:
        return None
    return f"{len(seeds)} seeds a method, ranks need {rules.seeds.ranked}"
