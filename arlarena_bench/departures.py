"""Where a recipe departs from the preset whose name it bears."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.installed import load_recipe, preset_files
from arlarena_bench.recipe import Recipe
from arlarena_bench.record import recipe_facts

_PREFIX = "recipe "
TUNED_SUFFIX = "-tuned"
# What draws replies, and what begins, a table says by itself.
_TOLD_ELSEWHERE = ("sampler.", "start.")
_MOST = 5


@dataclass(frozen=True, slots=True)
class Departure:
    """A setting that is not the preset's.

    Attributes:
        setting: Dotted, as `--set` has it.
        ours: Its value as Python writes it, or "not set" where there is none.
        theirs: The preset's.
    """

    setting: str
    ours: str
    theirs: str


def preset_of(recipe: Recipe) -> Recipe:
    """Return the installed preset that a recipe names.

    Raises:
        ArenaError: If none has that name and environment.
    """
    presets, environment = preset_files(), recipe.environment.name
    # `arlarena tune` names what it has chosen for a preset so.
    name = recipe.name if recipe.name in presets else recipe.name.removesuffix(TUNED_SUFFIX)
    if environment not in presets.get(name, {}):
        raise ArenaError(
            f"no installed preset is called {name!r} with an environment {environment!r}"
        )
    return _loaded(name, environment)


def departures(recipe: Recipe) -> list[Departure]:
    """Return every setting shared by the runs of a table that is not the preset's.

    Nothing is made from the recipe, and no file is read that it names.

    Raises:
        ArenaError: If no preset has its name and environment.
    """
    theirs, ours = recipe_facts(preset_of(recipe)), recipe_facts(recipe)
    return [
        Departure(fact.removeprefix(_PREFIX), _told(fact, ours), _told(fact, theirs))
        for fact in sorted(theirs.keys() | ours.keys())
        if fact != f"{_PREFIX}name"
        and theirs.get(fact) != ours.get(fact)
        and not _emptied(fact, ours, theirs)
    ]


def preset_words(recipe: Recipe) -> str:
    """Return the name of a run's preset, with what a table would else not say of its settings."""
    try:
        found = departures(recipe)
    except ArenaError:
        return recipe.name
    told = [
        f"{one.setting} {one.ours} (the preset's: {one.theirs})"
        for one in found
        if not one.setting.startswith(_TOLD_ELSEWHERE)
    ]
    if len(told) > _MOST:
        told[_MOST:] = [f"{len(told) - _MOST} settings more"]
    return f"{recipe.name} with {', '.join(told)}" if told else recipe.name


def _emptied(fact: str, *recipes: Mapping[str, Any]) -> bool:
    """Whether a section is empty in one recipe and not in another, whose settings say it better."""
    return any(key.startswith(f"{fact}.") for facts in recipes for key in facts)


def _told(fact: str, facts: Mapping[str, Any]) -> str:
    return "not set" if facts.get(fact) is None else repr(facts[fact])


@cache
def _loaded(name: str, environment: str) -> Recipe:
    return load_recipe(name, environment)
